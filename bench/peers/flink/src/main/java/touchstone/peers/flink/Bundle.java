package touchstone.peers.flink;

import java.util.ArrayDeque;
import java.util.Deque;

/** The changes of one window since they were last sent on, to be added to at the cost of an array access. */
final class Bundle {
  private static final int RING = 1024;

  private final Changes changes;
  private final Slot[] ring = new Slot[RING];
  private final Deque<Slot> free = new ArrayDeque<>();

  Bundle(Window window, int cells) {
    changes = new Changes(window.ordinal(), cells);
  }

  /** Null if it has no place beside those there are. */
  Slot at(int closing) {
    Slot slot = ring[closing & (RING - 1)];
    if (slot == null) return begin(closing);
    return slot.closing == closing ? slot : null;
  }

  private Slot begin(int closing) {
    Slot slot = free.isEmpty() ? new Slot(changes.cells) : free.pop();
    slot.closing = closing;
    ring[closing & (RING - 1)] = slot;
    changes.slots.add(slot);
    return slot;
  }

  boolean isEmpty() {
    return changes.slots.isEmpty();
  }

  Changes changes(long highestTime) {
    changes.highestTime = highestTime;
    return changes;
  }

  void clear() {
    for (Slot slot : changes.slots) {
      ring[slot.closing & (RING - 1)] = null;
      slot.clear();
      free.push(slot);
    }
    changes.slots.clear();
  }
}
