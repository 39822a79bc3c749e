package touchstone.peers.streams;

import java.util.Arrays;

/**
 * When a customer was in which cell, as far as it decides in which closings the customer is counted.
 *
 * <p>A visit in step p makes the customer present in the closings p+1 to p+n of a window of n steps. Of the union of these
 * intervals only the edges are told: +1 where it begins, -1 after its end. A new visit changes the union between the
 * visit before and the one after it in time. An event that counts is at most two panes older than the newest one of its
 * partition, so it is enough to know, for each cell, the newest pane, which of the two before it were visited, and the
 * newest visited before those. The steps of all windows are whole panes, so the panes of the finest serve all of them.
 *
 * <p>One long for a cell: 16 bits cell, 32 bits newest pane, 12 bits how much older the one before those is (0: none that
 * matters), 2 bits for the panes before the newest.
 */
final class Visits {
  interface EdgeSink {
    /** At this closing of the window (its time in steps) the cell has so many customers more. */
    void edge(Window window, int closing, int change);
  }

  static final int MAX_CELLS = 1 << 16;

  /** After so many panes a visit decides nothing: the longest window, and a step of it for the panes within a step. */
  static final int EXPIRY_PANES = (Window.HOUR.stepsInSize + 2) * Window.HOUR.panesInStep;

  private static final int NONE = Integer.MIN_VALUE;
  private static final long[] EMPTY = {};

  private long[] visits = EMPTY;
  private int count;

  int count() {
    return count;
  }

  long get(int index) {
    return visits[index];
  }

  void restore(long[] all) {
    visits = all;
    count = all.length;
  }

  /** Whether this changed anything. */
  boolean add(int cell, int pane, EdgeSink edges) {
    for (int index = 0; index < count; index++) {
      if (cell(visits[index]) == cell) return addTo(index, pane, edges);
    }
    if (count == visits.length) visits = Arrays.copyOf(visits, count == 0 ? 2 : count + (count + 1) / 2);
    visits[count++] = pack(cell, pane, NONE, 0);
    tell(pane, NONE, NONE, edges);
    return true;
  }

  void dropBefore(int pane) {
    int kept = 0;
    for (int index = 0; index < count; index++) {
      if (newest(visits[index]) >= pane) visits[kept++] = visits[index];
    }
    count = kept;
  }

  private boolean addTo(int index, int pane, EdgeSink edges) {
    long visit = visits[index];
    int cell = cell(visit);
    int newest = newest(visit);
    int recent = recent(visit);
    int older = older(visit);
    int age = newest - pane;
    if (age < 0) {
      tell(pane, newest, NONE, edges);
      visits[index] = advance(cell, newest, recent, older, pane);
      return true;
    }
    if (age == 0 || (recent & age) != 0) return false; // the bits are 1 for one pane before the newest, 2 for two
    if (age > 2) throw new IllegalStateException("an event older than the lateness");
    int before = age == 1 && (recent & 2) != 0 ? newest - 2 : older;
    int after = age == 2 && (recent & 1) != 0 ? newest - 1 : newest;
    tell(pane, before, after, edges);
    visits[index] = pack(cell, newest, older, recent | age);
    return true;
  }

  private static long advance(int cell, int newest, int recent, int older, int pane) {
    int shift = pane - newest;
    int bits = 0;
    int before = NONE;
    if (shift == 1) {
      bits = 1 | (recent & 1) << 1;
      before = (recent & 2) != 0 ? newest - 2 : older;
    } else if (shift == 2) {
      bits = 2;
      before = (recent & 1) != 0 ? newest - 1 : (recent & 2) != 0 ? newest - 2 : older;
    } else {
      before = newest;
    }
    return pack(cell, pane, before, bits);
  }

  private static void tell(int pane, int before, int after, EdgeSink edges) {
    for (Window window : Window.ALL) {
      int step = window.step(pane);
      int first = step + 1;
      int last = step + window.stepsInSize;
      if (before != NONE) {
        int previous = window.step(before);
        if (previous == step) continue;
        first = Math.max(first, previous + window.stepsInSize + 1);
      }
      if (after != NONE) {
        int next = window.step(after);
        if (next == step) continue;
        last = Math.min(last, next);
      }
      if (first <= last) {
        edges.edge(window, first, 1);
        edges.edge(window, last + 1, -1);
      }
    }
  }

  private static long pack(int cell, int newest, int older, int recent) {
    long age = older == NONE ? 0 : (long) newest - older;
    if (age > 0xFFF) age = 0;
    return (long) cell << 48 | (newest & 0xFFFF_FFFFL) << 16 | age << 4 | recent;
  }

  private static int cell(long visit) {
    return (int) (visit >>> 48);
  }

  private static int newest(long visit) {
    return (int) (visit >>> 16);
  }

  private static int older(long visit) {
    int age = (int) (visit >>> 4) & 0xFFF;
    return age == 0 ? NONE : newest(visit) - age;
  }

  private static int recent(long visit) {
    return (int) visit & 3;
  }
}
