package touchstone.peers.flink;

import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.flink.api.common.state.MapState;
import org.apache.flink.api.common.state.MapStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeutils.base.IntSerializer;
import org.apache.flink.api.common.typeutils.base.array.BytePrimitiveArraySerializer;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.flink.runtime.state.KeyedStateBackend;
import org.apache.flink.runtime.state.VoidNamespace;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;

/**
 * Closes the windows, keyed by window. They are held as arrays; what changed is written into the keyed state, as bytes,
 * before each checkpoint.
 */
final class WindowsOperator extends AbstractStreamOperator<Output>
    implements OneInputStreamOperator<Changes, Output> {
  private static final long serialVersionUID = 1;

  private static final String SUMS = "sums";

  private static final class Open {
    final Window window;
    final Map<Integer, Slot> slots = new HashMap<>();
    final Sums sums;
    final Set<Integer> changedSlots = new HashSet<>();
    boolean hasChanged;

    Open(Window window, int cells) {
      this.window = window;
      this.sums = new Sums(cells);
    }
  }

  private final byte[] rulesJson;

  private transient MapState<Integer, byte[]> savedSlots;
  private transient ValueState<byte[]> savedSums;
  private transient Open[] open;
  private transient RowWriter writer;
  private transient int cells;
  private transient StreamRecord<Output> rowRecord;
  private transient DataOutputSerializer bytes;

  WindowsOperator(byte[] rulesJson) {
    this.rulesJson = rulesJson;
  }

  @Override
  public void open() throws Exception {
    super.open();
    Rules rules = new Rules(rulesJson);
    cells = rules.touchpointCount() * rules.segmentCount();
    writer = new RowWriter(rules);
    open = new Open[Window.ALL.length];
    rowRecord = new StreamRecord<>(new Output());
    bytes = new DataOutputSerializer(4096);
    savedSlots = getRuntimeContext().getMapState(
        new MapStateDescriptor<>("slots", IntSerializer.INSTANCE, BytePrimitiveArraySerializer.INSTANCE));
    savedSums = getRuntimeContext().getState(
        new ValueStateDescriptor<>(SUMS, BytePrimitiveArraySerializer.INSTANCE));
    restore();
  }

  private void restore() throws Exception {
    KeyedStateBackend<Integer> backend = getKeyedStateBackend();
    List<Integer> saved;
    try (Stream<Integer> keys = backend.getKeys(SUMS, VoidNamespace.INSTANCE)) {
      saved = keys.collect(Collectors.toList());
    }
    for (int number : saved) {
      setCurrentKey(number);
      Open each = open(number);
      each.sums.read(new DataInputDeserializer(savedSums.value()));
      for (Map.Entry<Integer, byte[]> entry : savedSlots.entries()) {
        slot(each, entry.getKey()).read(new DataInputDeserializer(entry.getValue()));
      }
    }
  }

  private Open open(int number) {
    if (open[number] == null) open[number] = new Open(Window.ALL[number], cells);
    return open[number];
  }

  private Slot slot(Open of, int closing) {
    Slot slot = of.slots.get(closing);
    if (slot == null) {
      slot = new Slot(cells);
      slot.closing = closing;
      of.slots.put(closing, slot);
    }
    return slot;
  }

  @Override
  public void processElement(StreamRecord<Changes> record) {
    Changes changes = record.getValue();
    Open to = open(changes.window);
    to.sums.highestTime = Math.max(to.sums.highestTime, changes.highestTime);
    to.hasChanged = true;
    for (Slot change : changes.slots) {
      slot(to, change.closing).add(change);
      to.changedSlots.add(change.closing);
    }
  }

  @Override
  public void processWatermark(Watermark watermark) throws Exception {
    boolean isEnd = watermark.getTimestamp() == Watermark.MAX_WATERMARK.getTimestamp();
    for (Open each : open) {
      if (each == null) continue;
      long step = each.window.stepMs;
      closeUntil(each, isEnd ? each.sums.highestTime / step + 1 : Math.floorDiv(watermark.getTimestamp() + 1, step));
    }
    super.processWatermark(watermark);
  }

  private void closeUntil(Open of, long last) {
    if (of.slots.isEmpty()) return;
    if (of.sums.closed == Sums.NEVER) {
      int first = of.slots.keySet().stream().min(Integer::compare).get();
      if (first > last) return;
      of.sums.closed = first - 1;
    }
    for (int closing = of.sums.closed + 1; closing <= last; ++closing) close(of, closing);
  }

  private void close(Open of, int closing) {
    of.sums.closed = closing;
    of.hasChanged = true;
    Slot entering = of.slots.get(closing);
    Slot leaving = of.slots.remove(closing - of.window.panes);
    if (leaving != null) of.changedSlots.add(leaving.closing);
    if (entering == null && leaving == null) return;
    writer.begin(of.window, closing);
    for (int cell = 0; cell < cells; ++cell) {
      if (!of.sums.move(cell, entering, leaving)) continue;
      writer.write(cell, of.sums, rowRecord.getValue());
      output.collect(rowRecord);
      Counts.ROWS.increment();
    }
  }

  @Override
  public void prepareSnapshotPreBarrier(long checkpointId) throws Exception {
    for (Open each : open) {
      if (each == null || !each.hasChanged) continue;
      setCurrentKey(each.window.ordinal());
      for (int closing : each.changedSlots) {
        Slot slot = each.slots.get(closing);
        if (slot == null) {
          savedSlots.remove(closing);
        } else {
          slot.write(bytes);
          savedSlots.put(closing, written());
        }
      }
      each.sums.write(bytes);
      savedSums.update(written());
      each.changedSlots.clear();
      each.hasChanged = false;
    }
  }

  private byte[] written() throws IOException {
    byte[] copy = bytes.getCopyOfBuffer();
    bytes.clear();
    return copy;
  }
}
