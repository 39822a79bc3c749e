package touchstone.peers.flink;

import java.util.List;
import java.util.Optional;
import java.util.Properties;
import org.apache.flink.connector.kafka.lineage.DefaultKafkaDatasetFacet;
import org.apache.flink.connector.kafka.lineage.DefaultKafkaDatasetIdentifier;
import org.apache.flink.connector.kafka.lineage.KafkaDatasetFacet;
import org.apache.flink.connector.kafka.lineage.KafkaDatasetFacetProvider;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Also names its topic to the sink, which looks for transactions left open in it. */
final class OutputSchema implements KafkaRecordSerializationSchema<Output>, KafkaDatasetFacetProvider {
  private static final long serialVersionUID = 1;

  private final String topic;

  OutputSchema(String topic) {
    this.topic = topic;
  }

  @Override
  public ProducerRecord<byte[], byte[]> serialize(Output record, KafkaSinkContext context, Long timestamp) {
    Integer partition = record.partition == Rules.NONE ? null : Integer.valueOf(record.partition);
    return new ProducerRecord<>(topic, partition, null, record.key, record.value);
  }

  @Override
  public Optional<KafkaDatasetFacet> getKafkaDatasetFacet() {
    return Optional.of(
        new DefaultKafkaDatasetFacet(DefaultKafkaDatasetIdentifier.ofTopics(List.of(topic)), new Properties()));
  }
}
