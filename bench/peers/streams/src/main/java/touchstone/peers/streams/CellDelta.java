package touchstone.peers.streams;

import java.util.Arrays;

/** What the events since the last commit change in one cell: sums by pane, and edges of customers' presence by closing. */
final class CellDelta implements Visits.EdgeSink {
  private int basePane;
  private int panes; // up to the newest one that was touched
  private int[] interactions = new int[8];
  private int[] responses = new int[8];
  private long[] satisfaction = new long[8];

  private final int[] baseClosing = new int[Window.ALL.length];
  private final int[] closings = new int[Window.ALL.length];
  private final int[][] edges = new int[Window.ALL.length][];

  CellDelta() {
    for (Window window : Window.ALL) edges[window.ordinal()] = new int[window.stepsInSize + 8];
  }

  /** No event after this has a pane below it. */
  void begin(int pane) {
    basePane = pane;
    for (Window window : Window.ALL) baseClosing[window.ordinal()] = window.step(pane) + 1;
  }

  void addEvent(int pane, boolean rated, long millionths) {
    int at = pane - basePane;
    if (at >= interactions.length) grow(at + 1);
    panes = Math.max(panes, at + 1);
    interactions[at]++;
    if (rated) {
      responses[at]++;
      satisfaction[at] += millionths;
    }
  }

  @Override
  public void edge(Window window, int closing, int change) {
    int number = window.ordinal();
    int at = closing - baseClosing[number];
    int[] of = edges[number];
    if (at >= of.length) of = edges[number] = Arrays.copyOf(of, 2 * at);
    if (at >= closings[number]) closings[number] = at + 1;
    of[at] += change;
  }

  /** Writes what changed and forgets it. CellWindows.apply reads it. */
  void writeTo(ByteWriter out) {
    int used = 0;
    for (int at = 0; at < panes; at++) used += interactions[at] != 0 ? 1 : 0;
    out.varint(used);
    for (int at = 0; at < panes; at++) {
      if (interactions[at] == 0) continue;
      out.varint(at);
      out.varint(interactions[at]);
      out.varint(responses[at]);
      if (responses[at] != 0) out.signed(satisfaction[at]);
      interactions[at] = 0;
      responses[at] = 0;
      satisfaction[at] = 0;
    }
    panes = 0;
    for (int number = 0; number < edges.length; number++) {
      int[] of = edges[number];
      int changed = 0;
      for (int at = 0; at < closings[number]; at++) changed += of[at] != 0 ? 1 : 0;
      out.varint(changed);
      for (int at = 0; at < closings[number]; at++) {
        if (of[at] == 0) continue;
        out.varint(at);
        out.signed(of[at]);
        of[at] = 0;
      }
      closings[number] = 0;
    }
  }

  private void grow(int atLeast) {
    int size = Math.max(atLeast, 2 * interactions.length);
    interactions = Arrays.copyOf(interactions, size);
    responses = Arrays.copyOf(responses, size);
    satisfaction = Arrays.copyOf(satisfaction, size);
  }
}
