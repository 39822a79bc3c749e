package touchstone.peers.flink;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** JSON as UTF-8 bytes, appended piece by piece. */
final class JsonBytes {
  private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

  private byte[] bytes = new byte[512];
  private int length;
  private long day = Long.MIN_VALUE;
  private final byte[] dayText = new byte[11];

  void clear() {
    length = 0;
  }

  byte[] toBytes() {
    return Arrays.copyOf(bytes, length);
  }

  private void reserve(int more) {
    if (length + more > bytes.length) bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, length + more));
  }

  void raw(byte[] json) {
    raw(json, json.length);
  }

  void raw(byte[] json, int size) {
    reserve(size);
    System.arraycopy(json, 0, bytes, length, size);
    length += size;
  }

  void raw(JsonBytes json) {
    raw(json.bytes, json.length);
  }

  boolean isEmpty() {
    return length == 0;
  }

  private void put(int one) {
    bytes[length++] = (byte) one;
  }

  void ascii(char[] text, int from, int size) {
    reserve(size);
    for (int i = from; i < from + size; ++i) put(text[i]);
  }

  /** A quoted string. */
  void text(char[] text, int from, int size) {
    reserve(6 * size + 2);
    put('"');
    int end = from + size;
    for (int i = from; i < end; ++i) {
      char c = text[i];
      if (c < 0x80) {
        character(c);
      } else if (c < 0x800) {
        put(0xC0 | c >> 6);
        put(0x80 | c & 0x3F);
      } else if (Character.isHighSurrogate(c) && i + 1 < end && Character.isLowSurrogate(text[i + 1])) {
        int point = Character.toCodePoint(c, text[++i]);
        put(0xF0 | point >> 18);
        put(0x80 | point >> 12 & 0x3F);
        put(0x80 | point >> 6 & 0x3F);
        put(0x80 | point & 0x3F);
      } else {
        put(0xE0 | c >> 12);
        put(0x80 | c >> 6 & 0x3F);
        put(0x80 | c & 0x3F);
      }
    }
    put('"');
  }

  /** A quoted string. */
  void text(byte[] utf8) {
    reserve(6 * utf8.length + 2);
    put('"');
    for (byte each : utf8) {
      if (each >= 0) {
        character(each);
      } else {
        put(each);
      }
    }
    put('"');
  }

  private void character(int c) {
    if (c < 0x20) {
      put('\\');
      put('u');
      put('0');
      put('0');
      put(HEX[c >> 4]);
      put(HEX[c & 0xF]);
      return;
    }
    if (c == '"' || c == '\\') put('\\');
    put(c);
  }

  void integer(long value) {
    reserve(20);
    if (value < 0) {
      put('-');
      value = -value;
    }
    int digits = 1;
    for (long rest = value / 10; rest != 0; rest /= 10) ++digits;
    length += digits;
    for (int at = length - 1; digits-- > 0; --at, value /= 10) bytes[at] = (byte) ('0' + value % 10);
  }

  /** A number of millionths, without trailing zeros. */
  void millionths(long value) {
    reserve(28);
    if (value < 0) {
      put('-');
      value = -value;
    }
    integer(value / 1_000_000);
    int fraction = (int) (value % 1_000_000);
    if (fraction == 0) return;
    put('.');
    for (int unit = 100_000; fraction != 0; fraction %= unit, unit /= 10) put('0' + fraction / unit);
  }

  /** A quoted RFC 3339 time in UTC with milliseconds. */
  void time(long millis) {
    reserve(26);
    long itsDay = Math.floorDiv(millis, Times.DAY);
    if (itsDay != day) {
      Times.writeDate(itsDay, dayText);
      day = itsDay;
    }
    put('"');
    raw(dayText);
    int ofDay = (int) (millis - itsDay * Times.DAY);
    int seconds = ofDay / 1000;
    two(seconds / 3600);
    put(':');
    two(seconds / 60 % 60);
    put(':');
    two(seconds % 60);
    put('.');
    int fraction = ofDay % 1000;
    put('0' + fraction / 100);
    two(fraction % 100);
    put('Z');
    put('"');
  }

  private void two(int value) {
    put('0' + value / 10);
    put('0' + value % 10);
  }
}
