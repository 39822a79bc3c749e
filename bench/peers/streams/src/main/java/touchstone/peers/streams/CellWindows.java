package touchstone.peers.streams;

import java.util.ArrayList;
import java.util.List;

/** All windows of some cells. */
final class CellWindows {
  interface RowSink {
    void row(Window window, int cell, long end, CellWindow sums);
  }

  private final CellWindow[][] cells;
  private final List<Integer> used = new ArrayList<>();
  private final List<CellBatch> early = new ArrayList<>();
  private final int[] closed = new int[Window.ALL.length];
  private boolean begun;

  CellWindows(int cellCount) {
    cells = new CellWindow[cellCount][];
  }

  /** Nothing is taken in before the first watermark: until then a batch with older events may come. */
  void add(CellBatch batch) {
    if (begun) apply(batch);
    else early.add(batch);
  }

  int lastClosing(Window window) {
    return closed[window.ordinal()];
  }

  /** Closes up to the watermark, by time, then by size of window. */
  void closeUntil(long watermark, RowSink sink) {
    if (watermark == CellBatch.NEVER) return;
    if (!begun) begin();
    if (!begun) return;
    for (;;) {
      long next = Long.MAX_VALUE;
      for (Window window : Window.ALL) next = Math.min(next, nextEnd(window));
      if (next > watermark) return;
      for (Window window : Window.ALL) {
        if (nextEnd(window) == next) close(window, sink);
      }
    }
  }

  /** The input has ended: everything closes, and each window once more after the highest event time. */
  void end(long highest, RowSink sink) {
    closeUntil(highest, sink);
    if (!begun) return;
    for (Window window : Window.ALL) close(window, sink);
  }

  private void begin() {
    if (early.isEmpty()) return;
    int first = Integer.MAX_VALUE;
    for (CellBatch batch : early) first = Math.min(first, batch.basePane);
    for (Window window : Window.ALL) closed[window.ordinal()] = window.step(first);
    begun = true;
    for (CellBatch batch : early) apply(batch);
    early.clear();
  }

  private long nextEnd(Window window) {
    return (closed[window.ordinal()] + 1L) * window.stepMs;
  }

  private void close(Window window, RowSink sink) {
    int closing = ++closed[window.ordinal()];
    for (int index = 0; index < used.size(); index++) {
      int cell = used.get(index);
      CellWindow sums = cells[cell][window.ordinal()];
      if (sums.close(closing)) sink.row(window, cell, closing * window.stepMs, sums);
    }
  }

  /** Reads what CellDelta.writeTo has written. */
  private void apply(CellBatch batch) {
    ByteReader in = batch.cells;
    while (in.hasMore()) {
      CellWindow[] windows = windowsOf(in.count());
      for (int panes = in.count(); panes > 0; panes--) {
        int pane = batch.basePane + in.count();
        int events = in.count();
        int rated = in.count();
        long millionths = rated == 0 ? 0 : in.signed();
        for (Window window : Window.ALL) {
          int number = window.ordinal();
          windows[number].addStep(closed[number], window.step(pane), events, rated, millionths);
        }
      }
      for (Window window : Window.ALL) {
        int number = window.ordinal();
        int base = window.step(batch.basePane) + 1;
        for (int edges = in.count(); edges > 0; edges--) {
          int closing = base + in.count();
          windows[number].addEdge(closed[number], closing, (int) in.signed());
        }
      }
    }
  }

  private CellWindow[] windowsOf(int cell) {
    CellWindow[] windows = cells[cell];
    if (windows == null) {
      windows = cells[cell] = new CellWindow[Window.ALL.length];
      for (Window window : Window.ALL) windows[window.ordinal()] = new CellWindow(window);
      used.add(cell);
    }
    return windows;
  }
}
