package touchstone.peers.streams;

import java.nio.ByteBuffer;
import org.apache.kafka.common.utils.Bytes;

/** What is remembered of a customer, as an object while it is cached and as bytes in the store. */
final class Customer {
  static final int NONE = -1;

  private static final int HEAD = 4;

  final Bytes key;
  final int hash;
  final Visits visits = new Visits();
  int segment = NONE;
  int stage = NONE;

  Customer next; // in the same bucket of the cache
  boolean unsaved; // the store has an older state
  boolean used; // since the cache last looked for what to drop
  int size; // as the cache has counted it

  Customer(byte[] key, int hash) {
    this.key = Bytes.wrap(key);
    this.hash = hash;
  }

  byte[] write() {
    ByteBuffer out = ByteBuffer.allocate(HEAD + visits.count() * Long.BYTES);
    out.putShort((short) segment).putShort((short) stage);
    for (int index = 0; index < visits.count(); index++) out.putLong(visits.get(index));
    return out.array();
  }

  void read(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    segment = in.getShort();
    stage = in.getShort();
    long[] all = new long[in.remaining() / Long.BYTES];
    in.asLongBuffer().get(all);
    visits.restore(all);
  }

  /** What it takes in the heap, roughly. */
  int sizeNow() {
    return 160 + key.get().length + visits.count() * Long.BYTES;
  }
}
