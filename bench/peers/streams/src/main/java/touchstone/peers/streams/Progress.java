package touchstone.peers.streams;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.LongAdder;

/** What the tasks tell the main thread. The counts are of what was processed, also where a transaction had to be repeated. */
final class Progress {
  final LongAdder records = new LongAdder();
  final LongAdder interactions = new LongAdder();
  final LongAdder rows = new LongAdder();
  private final boolean[] windowsEnded;
  final CountDownLatch stop = new CountDownLatch(1); // all has ended, or something has failed
  volatile Throwable failure;

  private int left;

  Progress(int windowTasks) {
    windowsEnded = new boolean[windowTasks];
    left = windowTasks;
  }

  synchronized void windowsEnded(int task) {
    if (windowsEnded[task]) return;
    windowsEnded[task] = true;
    if (--left == 0) stop.countDown();
  }

  void failed(Throwable reason) {
    failure = reason;
    stop.countDown();
  }
}
