package touchstone.peers.flink;

import java.io.IOException;
import java.util.Arrays;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** The key of an event: the customer's id, in UTF-8, with a hash that says where it belongs (Placement). */
final class Customer {
  final byte[] id;
  private final int hash;

  Customer(byte[] id, int hash) {
    this.id = id;
    this.hash = hash;
  }

  @Override
  public int hashCode() {
    return hash;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Customer that && hash == that.hash && Arrays.equals(id, that.id);
  }

  public static final class Serializer extends CompactSerializer<Customer> {
    public Serializer() {
      super(true);
    }

    @Override
    public Customer copy(Customer from) {
      return from;
    }

    @Override
    public void serialize(Customer customer, DataOutputView out) throws IOException {
      out.writeInt(customer.hash);
      Varints.write(customer.id.length, out);
      out.write(customer.id);
    }

    @Override
    public Customer deserialize(DataInputView in) throws IOException {
      int hash = in.readInt();
      byte[] id = new byte[(int) Varints.read(in)];
      in.readFully(id);
      return new Customer(id, hash);
    }

    @Override
    public TypeSerializerSnapshot<Customer> snapshotConfiguration() {
      return new Snapshot();
    }

    public static final class Snapshot extends SimpleTypeSerializerSnapshot<Customer> {
      public Snapshot() {
        super(Serializer::new);
      }
    }
  }
}
