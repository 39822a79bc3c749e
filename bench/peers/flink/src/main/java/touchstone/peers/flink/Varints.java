package touchstone.peers.flink;

import java.io.IOException;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/** Numbers in as few bytes as they need. */
final class Varints {
  private Varints() {}

  static void write(long value, DataOutputView out) throws IOException {
    while ((value & ~0x7FL) != 0) {
      out.writeByte((int) (value & 0x7F | 0x80));
      value >>>= 7;
    }
    out.writeByte((int) value);
  }

  static long read(DataInputView in) throws IOException {
    long value = 0;
    for (int shift = 0;; shift += 7) {
      byte each = in.readByte();
      value |= (each & 0x7FL) << shift;
      if (each >= 0) return value;
    }
  }

  static void writeSigned(long value, DataOutputView out) throws IOException {
    write(value << 1 ^ value >> 63, out);
  }

  static long readSigned(DataInputView in) throws IOException {
    long value = read(in);
    return value >>> 1 ^ -(value & 1);
  }
}
