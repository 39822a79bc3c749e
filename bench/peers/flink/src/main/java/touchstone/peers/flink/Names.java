package touchstone.peers.flink;

import java.util.HashMap;
import java.util.Map;

/**
 * Texts that occur again and again, found by their characters without making a String of them. Those that the rules
 * speak of are declared and numbered from 1; others are remembered up to a limit, with the number 0.
 */
final class Names {
  private static final int MOST_REMEMBERED = 4096;

  static final class Name {
    final int number;
    final byte[] json;
    private final char[] text;
    private final int hash;

    private Name(int number, char[] text, int hash) {
      this.number = number;
      this.text = text;
      this.hash = hash;
      JsonBytes out = new JsonBytes();
      out.text(text, 0, text.length);
      this.json = out.toBytes();
    }

    private boolean is(char[] other, int from, int length, int itsHash) {
      if (hash != itsHash || text.length != length) return false;
      for (int i = 0; i < length; ++i) {
        if (text[i] != other[from + i]) return false;
      }
      return true;
    }
  }

  private final Map<String, Integer> numbers = new HashMap<>();
  private Name[] table = new Name[256];
  private int size;

  /** The number of a text, given out when first asked for. */
  int declare(String text) {
    Integer known = numbers.get(text);
    if (known != null) return known;
    int number = numbers.size() + 1;
    numbers.put(text, number);
    char[] characters = text.toCharArray();
    put(new Name(number, characters, hash(characters, 0, characters.length)));
    return number;
  }

  int declared() {
    return numbers.size();
  }

  Name find(char[] text, int from, int length) {
    int hash = hash(text, from, length);
    for (int at = hash & (table.length - 1);; at = (at + 1) & (table.length - 1)) {
      Name name = table[at];
      if (name == null) break;
      if (name.is(text, from, length, hash)) return name;
    }
    Name fresh = new Name(0, java.util.Arrays.copyOfRange(text, from, from + length), hash);
    if (size < numbers.size() + MOST_REMEMBERED) put(fresh);
    return fresh;
  }

  private void put(Name name) {
    if (2 * (size + 1) > table.length) {
      Name[] before = table;
      table = new Name[2 * before.length];
      for (Name each : before) {
        if (each != null) place(each);
      }
    }
    place(name);
    ++size;
  }

  private void place(Name name) {
    int at = name.hash & (table.length - 1);
    while (table[at] != null) at = (at + 1) & (table.length - 1);
    table[at] = name;
  }

  private static int hash(char[] text, int from, int length) {
    int hash = 0;
    for (int i = from; i < from + length; ++i) hash = 31 * hash + text[i];
    return hash ^ (hash >>> 15);
  }
}
