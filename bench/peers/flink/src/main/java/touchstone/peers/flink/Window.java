package touchstone.peers.flink;

/**
 * The windows. Each has panes as long as its step; a closing has the number of the pane that begins where it ends, so
 * the window that closes at number c holds the panes from c - panes to c - 1.
 */
enum Window {
  MINUTE("1m", 5_000, 12),
  FIVE_MINUTES("5m", 15_000, 20),
  HOUR("1h", 60_000, 60);

  /** Of the finest panes, in which customers' visits are kept; every step is a multiple of it. */
  static final int PANE_MS = 5_000;
  static final int LATENESS_MS = 10_000;
  static final Window[] ALL = values();

  final String label;
  final int stepMs;
  final int panes;
  /** Finest panes in one of its own. */
  final int finest;

  Window(String label, int stepMs, int panes) {
    this.label = label;
    this.stepMs = stepMs;
    this.panes = panes;
    this.finest = stepMs / PANE_MS;
  }

  long sizeMs() {
    return (long) stepMs * panes;
  }
}
