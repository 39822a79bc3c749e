package touchstone.peers.streams;

import java.nio.file.Path;

/** The command line. */
final class Settings {
  static final String USAGE = """
      Usage: run --brokers HOST:PORT --input TOPIC --rules FILE --application-id ID [OPTIONS]

        --brokers HOST:PORT    bootstrap.servers
        --input TOPIC          events, keyed by customer
        --rules FILE           rules.json
        --application-id ID    of Kafka Streams: its group, and the prefix of its changelogs
        --prefix TEXT          of the topics interactions, windows and cells, made where they are missing
        --threads N            stream threads (1)
        --state-dir DIR        for RocksDB (in the directory for temporary files)
        --commit-ms N          commit.interval.ms (100)
        --cache-mb N           heap for the customers' objects, over all tasks (256)
        --compression NAME     of what is produced (lz4)
        --in-memory            state in the heap only, no changelogs, at least once
        --to-end               exit when the input there is now is processed
      """;

  String brokers;
  String input;
  Path rules;
  String applicationId;
  String prefix = "";
  int threads = 1;
  Path stateDir = Path.of(System.getProperty("java.io.tmpdir"), "core-job-streams");
  int commitMs = 100;
  int cacheMb = 256;
  String compression = "lz4";
  boolean inMemory;
  boolean toEnd;

  static Settings parse(String[] arguments) {
    Settings settings = new Settings();
    for (int at = 0; at < arguments.length; at++) {
      String name = arguments[at];
      switch (name) {
        case "--in-memory" -> settings.inMemory = true;
        case "--to-end" -> settings.toEnd = true;
        default -> {
          if (++at == arguments.length) throw new IllegalArgumentException(name + " needs a value, or is not known");
          settings.set(name, arguments[at]);
        }
      }
    }
    if (settings.brokers == null || settings.input == null || settings.rules == null || settings.applicationId == null) {
      throw new IllegalArgumentException("--brokers, --input, --rules and --application-id are needed");
    }
    return settings;
  }

  String interactionsTopic() {
    return prefix + "interactions";
  }

  String windowsTopic() {
    return prefix + "windows";
  }

  String cellsTopic() {
    return prefix + "cells";
  }

  private void set(String name, String value) {
    switch (name) {
      case "--brokers" -> brokers = value;
      case "--input" -> input = value;
      case "--rules" -> rules = Path.of(value);
      case "--application-id" -> applicationId = value;
      case "--prefix" -> prefix = value;
      case "--threads" -> threads = Integer.parseInt(value);
      case "--state-dir" -> stateDir = Path.of(value);
      case "--commit-ms" -> commitMs = Integer.parseInt(value);
      case "--cache-mb" -> cacheMb = Integer.parseInt(value);
      case "--compression" -> compression = value;
      default -> throw new IllegalArgumentException("not known: " + name);
    }
  }
}
