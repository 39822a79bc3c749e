package touchstone.peers.flink;

import touchstone.peers.flink.Names.Name;

/** A record of the input as it was read. One object is used for all of them: what is kept must be copied. */
final class Event {
  static final long UNRATED = Long.MIN_VALUE;

  int partition;
  long time;
  Customer customer;
  Name type;
  /** Null if absent, as is the path. */
  Name channel;
  Name path;
  /** What it says itself of the customer's segment, or NONE. */
  int segment;
  /** Millionths, or UNRATED. */
  long satisfaction;
  /** JSON as it goes out; empty if absent. */
  final JsonBytes id = new JsonBytes();
  final JsonBytes value = new JsonBytes();

  void clear() {
    time = Times.NONE;
    customer = null;
    type = null;
    channel = null;
    path = null;
    segment = Rules.NONE;
    satisfaction = UNRATED;
    id.clear();
    value.clear();
  }
}
