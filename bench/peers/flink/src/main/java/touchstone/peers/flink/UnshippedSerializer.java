package touchstone.peers.flink;

import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** Of what only goes from one operator to the next of its chain, and so is never written nor copied. */
final class UnshippedSerializer<T> extends CompactSerializer<T> {
  UnshippedSerializer() {
    super(false);
  }

  @Override
  public T copy(T from) {
    throw unshipped();
  }

  @Override
  public void serialize(T record, DataOutputView target) {
    throw unshipped();
  }

  @Override
  public T deserialize(DataInputView source) {
    throw unshipped();
  }

  @Override
  public TypeSerializerSnapshot<T> snapshotConfiguration() {
    throw unshipped();
  }

  private static UnsupportedOperationException unshipped() {
    return new UnsupportedOperationException("the operators are not chained");
  }
}
