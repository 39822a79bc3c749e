package touchstone.peers.streams;

import java.nio.ByteBuffer;

/**
 * What one partition of the input changed since its last commit, for one partition of the cells: a record of the topic of
 * cells. The key says from where to where. The value is the clock of the input partition, then the changes of each cell.
 */
final class CellBatch {
  /** The clock of an input partition that had no event yet. */
  static final long NEVER = Long.MIN_VALUE;

  final boolean ended; // the input partition, as far as it is to be read
  final long highest; // event time in it
  final int basePane; // no change is of an older one
  final int newestPane;
  final ByteReader cells;

  CellBatch(byte[] value) {
    cells = new ByteReader(value);
    ended = cells.varint() != 0;
    highest = cells.signed();
    basePane = (int) cells.signed();
    newestPane = (int) cells.signed();
  }

  static void writeHead(ByteWriter out, boolean ended, long highest, int basePane, int newestPane) {
    out.varint(ended ? 1 : 0);
    out.signed(highest);
    out.signed(basePane);
    out.signed(newestPane);
  }

  static byte[] key(int source, int target) {
    return ByteBuffer.allocate(8).putInt(source).putInt(target).array();
  }

  static int source(byte[] key) {
    return ByteBuffer.wrap(key).getInt(0);
  }

  static int target(byte[] key) {
    return ByteBuffer.wrap(key).getInt(4);
  }
}
