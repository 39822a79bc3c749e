package touchstone.peers.streams;

import java.nio.ByteBuffer;
import org.apache.kafka.common.utils.Bytes;

/** What is remembered of a customer, as an object while it is cached and as bytes in the store. */
final class Customer {
  static final int NONE = -1;

  private static final int HEAD = 8;
  private static final int PADDING = 64;

  final Bytes key;
  final int hash;
  final Visits visits = new Visits();
  int segment = NONE;
  int stage = NONE;

  Customer next; // in the same bucket of the cache
  boolean changed; // since the last commit
  boolean used; // since the cache last looked for what to drop
  int size; // as the cache has counted it

  Customer(byte[] key, int hash) {
    this.key = Bytes.wrap(key);
    this.hash = hash;
  }

  /** Padded, so that a value that grows a little can still take the place of the one before. */
  byte[] write() {
    int size = HEAD + visits.count() * Long.BYTES;
    ByteBuffer out = ByteBuffer.allocate((size + PADDING - 1) / PADDING * PADDING);
    out.putShort((short) segment).putShort((short) stage).putInt(visits.count());
    for (int index = 0; index < visits.count(); index++) out.putLong(visits.get(index));
    return out.array();
  }

  void read(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    segment = in.getShort();
    stage = in.getShort();
    long[] all = new long[in.getInt()];
    in.asLongBuffer().get(all);
    visits.restore(all);
  }

  /** What it takes in the heap, roughly. */
  int sizeNow() {
    return 160 + key.get().length + visits.count() * Long.BYTES;
  }
}
