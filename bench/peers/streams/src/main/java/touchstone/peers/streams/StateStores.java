package touchstone.peers.streams;

import java.util.Map;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** Bytes in RocksDB with a changelog. Without Streams' cache: what is put here was held back until the commit already. */
final class StateStores {
  private StateStores() {}

  static StoreBuilder<KeyValueStore<Bytes, byte[]>> keyValues(String name) {
    return Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(name), Serdes.Bytes(), Serdes.ByteArray())
        .withLoggingEnabled(Map.of())
        .withCachingDisabled();
  }
}
