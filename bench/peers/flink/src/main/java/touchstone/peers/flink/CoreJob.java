package touchstone.peers.flink;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.base.DeliveryGuarantee;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.sink.TransactionNamingStrategy;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.KafkaSourceBuilder;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.DataStreamUtils;
import org.apache.flink.streaming.api.datastream.KeyedStream;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/** Wires the job and runs it in this process. */
public final class CoreJob {
  private static final int KEY_GROUPS = 128;

  private CoreJob() {}

  public static void main(String[] arguments) throws Exception {
    long begin = System.nanoTime();
    Options options;
    try {
      options = Options.parse(arguments);
    } catch (IllegalArgumentException wrong) {
      System.err.println(wrong.getMessage());
      System.err.println(Options.USAGE);
      System.exit(64);
      return;
    }
    Topics topics = new Topics(options);
    Configuration settings = Settings.of(options);
    if (options.resume) {
      Optional<String> latest = latestCheckpoint(Path.of(options.checkpointDir));
      latest.ifPresent(path -> settings.setString("execution.state-recovery.path", path));
    }
    StreamExecutionEnvironment environment =
        StreamExecutionEnvironment.createLocalEnvironment(options.parallelism, settings);
    environment.setMaxParallelism(KEY_GROUPS);
    wire(environment, options, topics);
    try {
      environment.execute("core job");
    } catch (Exception failure) {
      failure.printStackTrace();
      System.exit(1);
    }
    System.out.printf("%d records read, %d interactions and %d rows written, %.1f s%n", Counts.READ.sum(),
        Counts.INTERACTIONS.sum(), Counts.ROWS.sum(), (System.nanoTime() - begin) / 1e9);
    System.exit(0);
  }

  private static void wire(StreamExecutionEnvironment environment, Options options, Topics topics)
      throws IOException {
    byte[] rules = Files.readAllBytes(Path.of(options.rules));
    Customers.Kind kind = options.state == Options.State.ROCKSDB ? Customers.Kind.CACHED
        : Settings.hasChangelog(options) ? Customers.Kind.LOGGED : Customers.Kind.IN_PLACE;
    Placement placement = new Placement(options.input, options.parallelism, KEY_GROUPS);
    WatermarkStrategy<Event> watermarks =
        WatermarkStrategy.<Event>forBoundedOutOfOrderness(Duration.ofMillis(Window.LATENESS_MS))
            .withTimestampAssigner((event, recordTime) -> event.time);
    DataStream<Event> events =
        environment.fromSource(source(options, new EventReader(rules, placement)), watermarks, "input");

    KeyedStream<Event, Customer> byCustomer = DataStreamUtils.reinterpretAsKeyedStream(
        events, event -> event.customer, new PlainType<>(Customer.class, new Customer.Serializer()));
    SingleOutputStreamOperator<Output> interactions = byCustomer.transform(
        "customers", PlainType.unshipped(Output.class), new CustomersOperator(rules, topics.sameCount, kind));
    interactions.uid("customers").sinkTo(sink(options, topics.interactions)).uid("interactions");

    DataStream<Changes> changes = interactions.getSideOutput(CustomersOperator.CHANGES);
    KeySelector<Changes, Integer> window = change -> change.window;
    // With one subtask every key is where it should be: no exchange.
    KeyedStream<Changes, Integer> byWindow = options.parallelism == 1
        ? DataStreamUtils.reinterpretAsKeyedStream(changes, window, Types.INT)
        : changes.keyBy(window, Types.INT);
    byWindow.transform("windows", PlainType.unshipped(Output.class), new WindowsOperator(rules)).uid("windows-state")
        .sinkTo(sink(options, topics.windows)).uid("windows");
  }

  private static KafkaSource<Event> source(Options options, EventReader reader) {
    Properties consumer = Settings.consumer();
    KafkaSourceBuilder<Event> builder = KafkaSource.<Event>builder()
        .setBootstrapServers(options.brokers)
        .setTopics(options.input)
        .setGroupId(options.prefix + "flink")
        .setStartingOffsets(OffsetsInitializer.earliest())
        .setDeserializer(reader)
        .setProperties(consumer);
    if (options.toEnd) builder.setBounded(OffsetsInitializer.latest());
    return builder.build();
  }

  private static KafkaSink<Output> sink(Options options, String topic) {
    return KafkaSink.<Output>builder()
        .setBootstrapServers(options.brokers)
        .setRecordSerializer(new OutputSchema(topic))
        .setKafkaProducerConfig(Settings.producer(options))
        .setDeliveryGuarantee(DeliveryGuarantee.EXACTLY_ONCE)
        .setTransactionalIdPrefix(topic)
        .setTransactionNamingStrategy(TransactionNamingStrategy.POOLING)
        .build();
  }

  /** The newest one that was completed. */
  private static Optional<String> latestCheckpoint(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) return Optional.empty();
    try (Stream<Path> files = Files.walk(directory, 3)) {
      return files.filter(file -> file.endsWith("_metadata"))
          .max(Comparator.comparingLong(file -> file.toFile().lastModified()))
          .map(file -> file.getParent().toUri().toString());
    }
  }
}
