package touchstone.peers.streams;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Where the input ends now: the offset of the last record of each partition, -1 where there is none. */
final class InputEnd {
  private static final Duration POLL = Duration.ofMillis(200);
  private static final long FIRST_STEP = 16;

  private InputEnd() {}

  /** Behind the last record there may be markers of transactions, so it is looked for and not reckoned. */
  static long[] lastOffsets(String brokers, String topic) {
    Map<String, Object> config = Map.of(
        ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, brokers,
        ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed",
        ConsumerConfig.ENABLE_METRICS_PUSH_CONFIG, false);
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (PartitionInfo each : consumer.partitionsFor(topic)) partitions.add(new TopicPartition(topic, each.partition()));
      consumer.assign(partitions);
      Map<TopicPartition, Long> begins = consumer.beginningOffsets(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      long[] last = new long[partitions.size()];
      Arrays.fill(last, -1);
      for (long step = FIRST_STEP; !partitions.isEmpty(); step *= 4) {
        for (TopicPartition each : partitions) consumer.seek(each, Math.max(begins.get(each), ends.get(each) - step));
        readToEnd(consumer, ends, last);
        long tried = step;
        partitions.removeIf(each -> last[each.partition()] >= 0 || ends.get(each) - tried <= begins.get(each));
        consumer.assign(partitions);
      }
      return last;
    }
  }

  private static void readToEnd(KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, Long> ends, long[] last) {
    while (consumer.assignment().stream().anyMatch(each -> consumer.position(each) < ends.get(each))) {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        if (record.offset() < ends.get(new TopicPartition(record.topic(), record.partition()))) {
          last[record.partition()] = Math.max(last[record.partition()], record.offset());
        }
      }
    }
  }
}
