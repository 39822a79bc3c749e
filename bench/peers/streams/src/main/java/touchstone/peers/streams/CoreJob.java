package touchstone.peers.streams;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.processor.StreamPartitioner;

/** The core job of the benchmark on Kafka Streams. */
public final class CoreJob {
  private static final int EXIT_USAGE = 64;
  private static final long MIB = 1 << 20;
  private static final Duration CLOSE = Duration.ofSeconds(60);

  private CoreJob() {}

  public static void main(String[] arguments) throws Exception {
    Settings settings;
    try {
      settings = Settings.parse(arguments);
    } catch (IllegalArgumentException wrong) {
      System.err.println(wrong.getMessage());
      System.err.print(Settings.USAGE);
      System.exit(EXIT_USAGE);
      return;
    }
    System.exit(run(settings) ? 0 : 1);
  }

  private static boolean run(Settings settings) throws Exception {
    long begin = System.nanoTime();
    long[] lastOffsets = InputEnd.lastOffsets(settings.brokers, settings.input);
    int partitions = lastOffsets.length;
    if (!settings.toEnd) Arrays.fill(lastOffsets, Long.MAX_VALUE);
    Topics.createMissing(settings, partitions);

    Progress progress = new Progress(partitions);
    KafkaStreams streams = new KafkaStreams(topology(settings, lastOffsets, progress), properties(settings));
    streams.setUncaughtExceptionHandler(failure -> {
      progress.failed(failure);
      return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
    });
    Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(CLOSE)));
    streams.start();
    progress.stop.await();
    boolean closed = streams.close(CLOSE); // commits what was processed
    if (progress.failure != null) {
      progress.failure.printStackTrace();
      return false;
    }
    print(progress, begin);
    return closed;
  }

  private static void print(Progress progress, long begin) {
    double seconds = (System.nanoTime() - begin) / 1e9;
    double cpu = ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime() / 1e9;
    System.out.printf(Locale.ROOT, "{\"records\":%d,\"interactions\":%d,\"rows\":%d,\"seconds\":%.3f,\"cpu_seconds\":%.3f}%n",
        progress.records.sum(), progress.interactions.sum(), progress.rows.sum(), seconds, cpu);
  }

  private static Topology topology(Settings settings, long[] lastOffsets, Progress progress) throws Exception {
    Rules rules = Rules.read(settings.rules);
    int partitions = lastOffsets.length;
    InteractionProcessor.Shared shared = new InteractionProcessor.Shared(
        rules, partitions, lastOffsets, settings.inMemory, settings.cacheMb * MIB / partitions, progress);
    ByteArrayDeserializer reads = new ByteArrayDeserializer();
    ByteArraySerializer writes = new ByteArraySerializer();
    StreamPartitioner<byte[], byte[]> toTarget = (topic, key, value, count) -> Optional.of(Set.of(CellBatch.target(key)));

    Topology topology = new Topology();
    topology.addSource("input", reads, reads, settings.input);
    topology.addProcessor(InteractionProcessor.NAME, InteractionProcessor.supplier(shared), "input");
    topology.addSink(InteractionProcessor.INTERACTIONS, settings.interactionsTopic(), writes, writes, InteractionProcessor.NAME);
    topology.addSink(InteractionProcessor.CELLS, settings.cellsTopic(), writes, writes, toTarget, InteractionProcessor.NAME);
    topology.addSource("cells", reads, reads, settings.cellsTopic());
    topology.addProcessor(WindowProcessor.NAME, WindowProcessor.supplier(rules, partitions, settings.inMemory, progress), "cells");
    topology.addSink("windows-sink", settings.windowsTopic(), writes, writes, WindowProcessor.NAME);
    return topology;
  }

  /** README.md says where each comes from. */
  private static Properties properties(Settings settings) {
    Properties config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, settings.applicationId);
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, settings.brokers);
    config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG,
        settings.inMemory ? StreamsConfig.AT_LEAST_ONCE : StreamsConfig.EXACTLY_ONCE_V2);
    config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, settings.commitMs);
    config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, settings.threads);
    config.put(StreamsConfig.STATE_DIR_CONFIG, settings.stateDir.toString());
    config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0); // Customers is the cache
    config.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, RocksDbTuning.class);
    config.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class);
    config.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class);
    config.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 10_000);
    config.put(StreamsConfig.MAX_TASK_IDLE_MS_CONFIG, StreamsConfig.MAX_TASK_IDLE_MS_DISABLED); // each task has one partition
    config.put(StreamsConfig.METRIC_REPORTER_CLASSES_CONFIG, "");
    config.put(CommonClientConfigs.ENABLE_METRICS_PUSH_CONFIG, false);

    config.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    config.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 5_000);
    config.put(StreamsConfig.consumerPrefix(ConsumerConfig.FETCH_MIN_BYTES_CONFIG), 64 * 1024);
    config.put(StreamsConfig.consumerPrefix(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG), 50);
    config.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG), 2 * 1024 * 1024);
    config.put(StreamsConfig.consumerPrefix(ConsumerConfig.RECEIVE_BUFFER_CONFIG), 1024 * 1024);
    config.put(StreamsConfig.consumerPrefix(ConsumerConfig.CHECK_CRCS_CONFIG), false);

    config.put(StreamsConfig.producerPrefix(ProducerConfig.COMPRESSION_TYPE_CONFIG), settings.compression);
    config.put(StreamsConfig.producerPrefix(ProducerConfig.BATCH_SIZE_CONFIG), 256 * 1024);
    config.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 100);
    config.put(StreamsConfig.producerPrefix(ProducerConfig.BUFFER_MEMORY_CONFIG), 64L * 1024 * 1024);
    config.put(StreamsConfig.producerPrefix(ProducerConfig.SEND_BUFFER_CONFIG), 1024 * 1024);
    return config;
  }
}
