package touchstone.peers.streams;

import java.nio.charset.StandardCharsets;

/** A hopping window. Times are counted in panes: of PANE_MS, the step of the finest window, or of a window's own step. */
enum Window {
  MINUTE("1m", 60_000, 5_000),
  FIVE_MINUTES("5m", 300_000, 15_000),
  HOUR("1h", 3_600_000, 60_000);

  static final long PANE_MS = 5_000;
  static final long LATENESS_MS = 10_000;
  static final Window[] ALL = values();

  final String id;
  final byte[] head;
  final long sizeMs;
  final long stepMs;
  final int panesInStep;
  final int stepsInSize;

  Window(String id, long sizeMs, long stepMs) {
    this.id = id;
    this.head = ("{\"window\":\"" + id + "\",\"start\":\"").getBytes(StandardCharsets.UTF_8);
    this.sizeMs = sizeMs;
    this.stepMs = stepMs;
    this.panesInStep = (int) (stepMs / 5_000);
    this.stepsInSize = (int) (sizeMs / stepMs);
  }

  /** The step a pane lies in. Divided by constants: this is done several times for each event. */
  int step(int pane) {
    switch (this) {
      case MINUTE:
        return pane;
      case FIVE_MINUTES:
        return pane / 3;
      default:
        return pane / 12;
    }
  }

  static int pane(long time) {
    return (int) Math.floorDiv(time, PANE_MS);
  }
}
