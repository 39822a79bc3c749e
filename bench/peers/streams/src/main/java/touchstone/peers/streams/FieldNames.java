package touchstone.peers.streams;

import com.dslplatform.json.JsonReader;
import java.nio.charset.StandardCharsets;

/** Numbers the names of members by the hash that the reader works out while it reads them. */
final class FieldNames {
  private static final int SLOTS = 256;

  private final byte[][] names;
  private final int[] hashes = new int[SLOTS];
  private final int[] numbers = new int[SLOTS]; // 1 + number, 0: free

  FieldNames(String... all) {
    names = new byte[all.length][];
    for (int number = 0; number < all.length; number++) {
      names[number] = all[number].getBytes(StandardCharsets.UTF_8);
      int hash = hash(names[number]);
      int slot = hash & SLOTS - 1;
      while (numbers[slot] != 0) slot = slot + 1 & SLOTS - 1;
      numbers[slot] = number + 1;
      hashes[slot] = hash;
    }
  }

  /** The number of the name read last, -1 if it is another. */
  int find(int hash, JsonReader<?> reader) {
    for (int slot = hash & SLOTS - 1; numbers[slot] != 0; slot = slot + 1 & SLOTS - 1) {
      if (hashes[slot] == hash && reader.wasLastName(names[numbers[slot] - 1])) return numbers[slot] - 1;
    }
    return -1;
  }

  /** As JsonReader.fillName works it out. */
  private static int hash(byte[] name) {
    long hash = 0x811c9dc5;
    for (byte each : name) {
      hash ^= each;
      hash *= 0x1000193;
    }
    return (int) hash;
  }
}
