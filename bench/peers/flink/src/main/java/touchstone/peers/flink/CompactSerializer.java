package touchstone.peers.flink;

import java.io.IOException;
import org.apache.flink.api.common.typeutils.base.TypeSerializerSingleton;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** What all serializers here have in common: they have no parameters and write a variable length. */
abstract class CompactSerializer<T> extends TypeSerializerSingleton<T> {
  private final boolean immutable;

  CompactSerializer(boolean immutable) {
    this.immutable = immutable;
  }

  @Override
  public boolean isImmutableType() {
    return immutable;
  }

  @Override
  public T createInstance() {
    return null;
  }

  @Override
  public T copy(T from, T reuse) {
    return copy(from);
  }

  @Override
  public void copy(DataInputView source, DataOutputView target) throws IOException {
    serialize(deserialize(source), target);
  }

  @Override
  public T deserialize(T reuse, DataInputView source) throws IOException {
    return deserialize(source);
  }

  @Override
  public int getLength() {
    return -1;
  }
}
