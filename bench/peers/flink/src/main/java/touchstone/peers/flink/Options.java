package touchstone.peers.flink;

import java.util.Iterator;
import java.util.List;

/** What the command line says. */
final class Options {
  enum State { HEAP, ROCKSDB }

  String brokers;
  String input;
  String rules;
  String prefix;
  String checkpointDir;
  int parallelism = 1;
  int checkpointMs = 100;
  State state = State.HEAP;
  /** Checkpoints as a log of changes; null: where the interval is short. */
  Boolean changelog;
  String compression = "lz4";
  boolean toEnd;
  boolean resume;

  static final String USAGE = """
      Usage: run --brokers HOST:PORT --input TOPIC --rules FILE --prefix PREFIX --checkpoint-dir DIR
                 [--parallelism N] [--state heap|rocksdb] [--checkpoint-ms N] [--changelog on|off]
                 [--compression lz4|none|...] [--to-end] [--resume]""";

  static Options parse(String[] arguments) {
    Options options = new Options();
    Iterator<String> rest = List.of(arguments).iterator();
    while (rest.hasNext()) {
      String name = rest.next();
      switch (name) {
        case "--to-end" -> options.toEnd = true;
        case "--resume" -> options.resume = true;
        default -> {
          if (!rest.hasNext()) throw new IllegalArgumentException("no value for " + name);
          options.set(name, rest.next());
        }
      }
    }
    for (String needed : new String[] {
        options.brokers, options.input, options.rules, options.prefix, options.checkpointDir}) {
      if (needed == null) throw new IllegalArgumentException("an option is missing");
    }
    return options;
  }

  private void set(String name, String value) {
    switch (name) {
      case "--brokers" -> brokers = value;
      case "--input" -> input = value;
      case "--rules" -> rules = value;
      case "--prefix" -> prefix = value;
      case "--checkpoint-dir" -> checkpointDir = value;
      case "--parallelism" -> parallelism = Integer.parseInt(value);
      case "--checkpoint-ms" -> checkpointMs = Integer.parseInt(value);
      case "--state" -> state = State.valueOf(value.toUpperCase());
      case "--changelog" -> changelog = value.equals("on");
      case "--compression" -> compression = value;
      default -> throw new IllegalArgumentException("unknown option " + name);
    }
  }
}
