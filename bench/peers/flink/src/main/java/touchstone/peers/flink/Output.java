package touchstone.peers.flink;

/** A record of an output topic. One object is used for all: the sink follows in the same chain. */
final class Output {
  /** Or NONE: that of the key. */
  int partition = Rules.NONE;
  byte[] key;
  byte[] value;
}
