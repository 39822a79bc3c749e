package touchstone.peers.flink;

import java.util.concurrent.atomic.LongAdder;

/** What the one line at the end says. The job runs in this process. */
final class Counts {
  static final LongAdder READ = new LongAdder();
  static final LongAdder INTERACTIONS = new LongAdder();
  static final LongAdder ROWS = new LongAdder();

  private Counts() {}
}
