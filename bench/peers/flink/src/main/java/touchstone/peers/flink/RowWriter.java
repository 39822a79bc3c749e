package touchstone.peers.flink;

import java.nio.charset.StandardCharsets;

/** Writes the rows of one closing after the other. */
final class RowWriter {
  private static final byte[] WINDOW = ascii("{\"window\":");
  private static final byte[] START = ascii(",\"start\":");
  private static final byte[] END = ascii(",\"end\":");
  private static final byte[] CUSTOMERS = ascii(",\"customers\":");
  private static final byte[] SATISFACTION = ascii(",\"satisfaction\":{\"responses\":");
  private static final byte[] MEAN = ascii(",\"mean\":");
  private static final byte[] CLOSE = ascii("}");
  private static final byte[] CLOSE_BOTH = ascii("}}");

  private final byte[][][] keys;
  private final byte[][] cells;
  private final JsonBytes begin = new JsonBytes();
  private final JsonBytes json = new JsonBytes();
  private Window window;

  RowWriter(Rules rules) {
    int segments = rules.segmentCount();
    cells = new byte[rules.touchpointCount() * segments][];
    keys = new byte[Window.ALL.length][cells.length][];
    for (int cell = 0; cell < cells.length; ++cell) {
      String touchpoint = rules.touchpoint(cell / segments);
      String segment = rules.segment(cell % segments);
      json.clear();
      json.raw(ascii(",\"scope\":\"touchpoint\",\"id\":"));
      json.raw(Rules.json(touchpoint));
      json.raw(ascii(",\"segment\":"));
      json.raw(Rules.json(segment));
      json.raw(ascii(",\"interactions\":"));
      cells[cell] = json.toBytes();
      for (Window each : Window.ALL) {
        String key = each.label + "/touchpoint/" + touchpoint + "/" + segment;
        keys[each.ordinal()][cell] = key.getBytes(StandardCharsets.UTF_8);
      }
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  void begin(Window ofWindow, int closing) {
    window = ofWindow;
    long end = (long) closing * window.stepMs;
    begin.clear();
    begin.raw(WINDOW);
    begin.raw(Rules.json(window.label));
    begin.raw(START);
    begin.time(end - window.sizeMs());
    begin.raw(END);
    begin.time(end);
  }

  void write(int cell, Sums sums, Output row) {
    json.clear();
    json.raw(begin);
    json.raw(cells[cell]);
    json.integer(sums.interactions[cell]);
    json.raw(CUSTOMERS);
    json.integer(sums.customers[cell]);
    if (sums.responses[cell] == 0) {
      json.raw(CLOSE);
    } else {
      json.raw(SATISFACTION);
      json.integer(sums.responses[cell]);
      json.raw(MEAN);
      json.millionths(sums.mean(cell));
      json.raw(CLOSE_BOTH);
    }
    row.key = keys[window.ordinal()][cell];
    row.value = json.toBytes();
  }
}
