package touchstone.peers.flink;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** What many events changed in one window. */
final class Changes {
  final int window;
  final int cells;
  long highestTime = Times.NONE;
  final List<Slot> slots = new ArrayList<>();

  Changes(int window, int cells) {
    this.window = window;
    this.cells = cells;
  }

  public static final class Serializer extends CompactSerializer<Changes> {
    public Serializer() {
      super(false);
    }

    @Override
    public Changes copy(Changes from) {
      throw new UnsupportedOperationException("objects are reused");
    }

    @Override
    public void serialize(Changes changes, DataOutputView out) throws IOException {
      out.writeByte(changes.window);
      Varints.write(changes.cells, out);
      out.writeLong(changes.highestTime);
      Varints.write(changes.slots.size(), out);
      for (Slot slot : changes.slots) {
        out.writeInt(slot.closing);
        slot.write(out);
      }
    }

    @Override
    public Changes deserialize(DataInputView in) throws IOException {
      byte window = in.readByte();
      Changes changes = new Changes(window, (int) Varints.read(in));
      changes.highestTime = in.readLong();
      for (int left = (int) Varints.read(in); left > 0; --left) {
        Slot slot = new Slot(changes.cells);
        slot.closing = in.readInt();
        slot.read(in);
        changes.slots.add(slot);
      }
      return changes;
    }

    @Override
    public TypeSerializerSnapshot<Changes> snapshotConfiguration() {
      return new Snapshot();
    }

    public static final class Snapshot extends SimpleTypeSerializerSnapshot<Changes> {
      public Snapshot() {
        super(Serializer::new);
      }
    }
  }
}
