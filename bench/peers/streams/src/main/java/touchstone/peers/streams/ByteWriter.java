package touchstone.peers.streams;

import java.util.Arrays;

/** A buffer to be used again and again: texts, JSON numbers and compact integers. */
final class ByteWriter {
  private static final long[] POWERS = {1, 10, 100, 1_000, 10_000, 100_000, 1_000_000};

  private byte[] bytes;
  private int size;

  ByteWriter(int capacity) {
    bytes = new byte[capacity];
  }

  void clear() {
    size = 0;
  }

  int size() {
    return size;
  }

  byte[] copy() {
    return Arrays.copyOf(bytes, size);
  }

  void put(int one) {
    reserve(1);
    bytes[size++] = (byte) one;
  }

  void put(byte[] text) {
    put(text, 0, text.length);
  }

  void put(byte[] text, int start, int end) {
    int length = end - start;
    reserve(length);
    System.arraycopy(text, start, bytes, size, length);
    size += length;
  }

  // ---- compact integers ----

  void varint(long value) {
    reserve(10);
    while ((value & ~0x7FL) != 0) {
      bytes[size++] = (byte) (value | 0x80);
      value >>>= 7;
    }
    bytes[size++] = (byte) value;
  }

  void signed(long value) {
    varint(value << 1 ^ value >> 63);
  }

  // ---- JSON ----

  void decimal(long value) {
    reserve(20);
    if (value < 0) {
      bytes[size++] = '-';
      value = -value;
    }
    int digits = 1;
    for (long rest = value; rest >= 10; rest /= 10) digits++;
    for (int at = size + digits - 1; at >= size; at--) {
      bytes[at] = (byte) ('0' + value % 10);
      value /= 10;
    }
    size += digits;
  }

  /** A count of millionths as a number, without needless zeros. */
  void millionths(long value) {
    if (value < 0) {
      put('-');
      value = -value;
    }
    decimal(value / 1_000_000);
    long rest = value % 1_000_000;
    if (rest == 0) return;
    put('.');
    int places = 6;
    while (rest % 10 == 0) {
      rest /= 10;
      places--;
    }
    reserve(places);
    for (int place = places - 1; place >= 0; place--) bytes[size++] = (byte) ('0' + rest / POWERS[place] % 10);
  }

  void time(long millis, Rfc3339 format) {
    reserve(Rfc3339.LENGTH);
    format.write(millis, bytes, size);
    size += Rfc3339.LENGTH;
  }

  private void reserve(int more) {
    if (size + more > bytes.length) bytes = Arrays.copyOf(bytes, Math.max(size + more, 2 * bytes.length));
  }
}
