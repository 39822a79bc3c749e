package touchstone.peers.flink;

import java.io.Serializable;
import org.apache.flink.runtime.state.KeyGroupRangeAssignment;
import org.apache.flink.util.MathUtils;

/**
 * Gives customers hashes by which Flink's key groups follow Kafka's partitions: the keyed state of a customer is then
 * with the reader of the customer's partition, and no record needs to go through keyBy's exchange.
 */
final class Placement implements Serializable {
  private static final long serialVersionUID = 1;

  private final int firstReader;
  private final int readers;
  private final int keyGroups;

  Placement(String topic, int readers, int keyGroups) {
    // As KafkaSourceEnumerator deals out partitions. Flink finds out at once if it did otherwise: a key whose group
    // is not the operator's is refused.
    this.firstReader = (topic.hashCode() * 31 & 0x7FFFFFFF) % readers;
    this.readers = readers;
    this.keyGroups = keyGroups;
  }

  Customer customer(byte[] id, int partition) {
    int hash = 0;
    for (byte each : id) hash = 31 * hash + each;
    if (readers > 1) {
      int reader = (firstReader + partition) % readers;
      while (ownerOf(hash) != reader) hash = hash * 0x2C1B3C6D + 0x297A2D39;
    }
    return new Customer(id, hash);
  }

  private int ownerOf(int hash) {
    int keyGroup = MathUtils.murmurHash(hash) % keyGroups;
    return KeyGroupRangeAssignment.computeOperatorIndexForKeyGroup(keyGroups, readers, keyGroup);
  }
}
