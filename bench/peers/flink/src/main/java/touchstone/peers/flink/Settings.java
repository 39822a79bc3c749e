package touchstone.peers.flink;

import java.nio.file.Path;
import java.util.Properties;
import org.apache.flink.configuration.Configuration;

/** How Flink and Kafka's clients are set; the README says why. */
final class Settings {
  /** Below which a full snapshot of the heap, or a flush of RocksDB, at each checkpoint costs more than a log. */
  private static final int CHANGELOG_BELOW_MS = 2_000;

  private Settings() {}

  static Configuration of(Options options) {
    Configuration all = new Configuration();
    Path directory = Path.of(options.checkpointDir).toAbsolutePath();
    String local = directory.resolve("local").toString();

    all.setString("pipeline.object-reuse", "true");
    all.setString("pipeline.generic-types", "false");
    all.setString("pipeline.auto-watermark-interval", "200 ms");
    all.setString("execution.buffer-timeout.interval", "100 ms");

    all.setString("execution.checkpointing.interval", options.checkpointMs + " ms");
    all.setString("execution.checkpointing.mode", "EXACTLY_ONCE");
    all.setString("execution.checkpointing.storage", "filesystem");
    all.setString("execution.checkpointing.dir", directory.toUri().toString());
    all.setString("execution.checkpointing.timeout", "10 min");
    all.setString("execution.checkpointing.externalized-checkpoint-retention", "RETAIN_ON_CANCELLATION");
    all.setString("execution.checkpointing.unaligned.enabled", "false");
    all.setString("restart-strategy.type", "fixed-delay");
    all.setString("restart-strategy.fixed-delay.attempts", "10");
    all.setString("restart-strategy.fixed-delay.delay", "1 s");

    boolean rocksdb = options.state == Options.State.ROCKSDB;
    all.setString("state.backend.type", rocksdb ? "rocksdb" : "hashmap");
    if (rocksdb) {
      all.setString("execution.checkpointing.incremental", "true");
      all.setString("state.backend.rocksdb.localdir", local);
      all.setString("taskmanager.memory.managed.size", "512m");
    }
    if (hasChangelog(options)) {
      all.setString("state.changelog.enabled", "true");
      all.setString("state.changelog.storage", "filesystem");
      all.setString("state.changelog.dstl.dfs.base-path", directory.resolve("changelog").toUri().toString());
    }

    all.setString("taskmanager.memory.network.min", "32m");
    all.setString("taskmanager.memory.network.max", "32m");
    all.setString("io.tmp.dirs", local);
    for (String bound : new String[] {"rest.address", "rest.bind-address", "jobmanager.bind-host",
        "jobmanager.rpc.address", "taskmanager.bind-host", "taskmanager.host"}) {
      all.setString(bound, "127.0.0.1");
    }
    // A process that had to wait for its turn is not a dead one.
    all.setString("heartbeat.timeout", "5 min");
    all.setString("pekko.ask.timeout", "2 min");
    return all;
  }

  static boolean hasChangelog(Options options) {
    return options.changelog == null ? options.checkpointMs < CHANGELOG_BELOW_MS : options.changelog;
  }

  static Properties consumer() {
    Properties all = new Properties();
    all.setProperty("isolation.level", "read_committed");
    all.setProperty("max.poll.records", "2000");
    all.setProperty("max.partition.fetch.bytes", "1048576");
    all.setProperty("enable.metrics.push", "false");
    // Where to go on from is in the checkpoint; committing it to Kafka would be for monitoring only.
    all.setProperty("commit.offsets.on.checkpoint", "false");
    all.setProperty("register.consumer.metrics", "false");
    return all;
  }

  static Properties producer(Options options) {
    Properties all = new Properties();
    all.setProperty("compression.type", options.compression);
    all.setProperty("linger.ms", "100");
    all.setProperty("batch.size", "262144");
    all.setProperty("buffer.memory", "67108864");
    // Below the most that a broker allows, above the longest time to a restart.
    all.setProperty("transaction.timeout.ms", "600000");
    all.setProperty("enable.metrics.push", "false");
    all.setProperty("register.producer.metrics", "false");
    return all;
  }
}
