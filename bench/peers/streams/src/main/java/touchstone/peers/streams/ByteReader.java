package touchstone.peers.streams;

/** Reads the compact integers of ByteWriter. */
final class ByteReader {
  private final byte[] bytes;
  private int at;

  ByteReader(byte[] bytes) {
    this.bytes = bytes;
  }

  boolean hasMore() {
    return at < bytes.length;
  }

  long varint() {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte next = bytes[at++];
      value |= (long) (next & 0x7F) << shift;
      if (next >= 0) return value;
    }
  }

  int count() {
    return (int) varint();
  }

  long signed() {
    long value = varint();
    return value >>> 1 ^ -(value & 1);
  }
}
