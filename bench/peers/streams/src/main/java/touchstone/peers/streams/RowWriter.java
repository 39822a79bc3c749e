package touchstone.peers.streams;

/** Rows of the topic of windows, and their keys. */
final class RowWriter {
  private static final byte[] END = Rules.bytes("\",\"end\":\"");
  private static final byte[] SCOPE = Rules.bytes("\",\"scope\":\"touchpoint\",\"id\":");
  private static final byte[] CUSTOMERS = Rules.bytes(",\"customers\":");
  private static final byte[] RESPONSES = Rules.bytes(",\"satisfaction\":{\"responses\":");
  private static final byte[] MEAN = Rules.bytes(",\"mean\":");

  private final Rules rules;
  private final byte[][] names; // of the cells: from the value of "id" to the name of "interactions"
  private final byte[][][] keys; // by window and cell
  private final ByteWriter out = new ByteWriter(512);
  private final Rfc3339 starts = new Rfc3339();
  private final Rfc3339 ends = new Rfc3339();

  RowWriter(Rules rules) {
    this.rules = rules;
    names = new byte[rules.cells()][];
    keys = new byte[Window.ALL.length][rules.cells()][];
  }

  byte[] key(Window window, int cell) {
    byte[] key = keys[window.ordinal()][cell];
    if (key == null) {
      key = Rules.bytes(window.id + "/touchpoint/" + rules.touchpointOfCell(cell) + "/" + rules.segmentOfCell(cell));
      keys[window.ordinal()][cell] = key;
    }
    return key;
  }

  byte[] row(Window window, int cell, long end, CellWindow sums) {
    out.clear();
    out.put(window.head);
    out.time(end - window.sizeMs, starts);
    out.put(END);
    out.time(end, ends);
    out.put(SCOPE);
    out.put(name(cell));
    out.decimal(sums.interactions);
    out.put(CUSTOMERS);
    out.decimal(sums.customers);
    if (sums.responses != 0) {
      out.put(RESPONSES);
      out.decimal(sums.responses);
      out.put(MEAN);
      out.millionths(sums.mean());
      out.put('}');
    }
    out.put('}');
    return out.copy();
  }

  private byte[] name(int cell) {
    if (names[cell] == null) {
      names[cell] = Rules.bytes(Rules.quotedText(rules.touchpointOfCell(cell)) + ",\"segment\":"
          + Rules.quotedText(rules.segmentOfCell(cell)) + ",\"interactions\":");
    }
    return names[cell];
  }
}
