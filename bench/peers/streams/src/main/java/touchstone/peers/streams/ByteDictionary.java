package touchstone.peers.streams;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** Numbers a fixed set of words; a word is looked up where it stands in a record, without making a String of it. */
final class ByteDictionary {
  static final int UNKNOWN = -1;

  private final byte[][] words;
  private final int[] slots; // 1 + the number of a word, 0: free
  private final int mask;

  ByteDictionary(List<String> distinct) {
    words = new byte[distinct.size()][];
    int size = 16;
    while (size < 4 * words.length) size *= 2;
    slots = new int[size];
    mask = size - 1;
    for (int number = 0; number < words.length; number++) {
      words[number] = distinct.get(number).getBytes(StandardCharsets.UTF_8);
      int slot = hash(words[number], 0, words[number].length) & mask;
      while (slots[slot] != 0) slot = (slot + 1) & mask;
      slots[slot] = number + 1;
    }
  }

  int find(byte[] bytes, int start, int end) {
    int slot = hash(bytes, start, end) & mask;
    while (slots[slot] != 0) {
      int number = slots[slot] - 1;
      byte[] word = words[number];
      if (Arrays.equals(word, 0, word.length, bytes, start, end)) return number;
      slot = (slot + 1) & mask;
    }
    return UNKNOWN;
  }

  static int hash(byte[] bytes, int start, int end) {
    int hash = end - start;
    for (int at = start; at < end; at++) hash = 31 * hash + bytes[at];
    return hash ^ (hash >>> 15);
  }
}
