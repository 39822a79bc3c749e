package touchstone.peers.flink;

import java.io.IOException;
import org.apache.flink.api.common.typeutils.SimpleTypeSerializerSnapshot;
import org.apache.flink.api.common.typeutils.TypeSerializerSnapshot;
import org.apache.flink.core.memory.DataInputView;
import org.apache.flink.core.memory.DataOutputView;

/**
 * What is remembered of a customer, with the visits from which the windows' distinct customers follow exactly.
 *
 * A visit in pane p makes its customer present at the closings p + 1 to p + panes of a window. A customer counts where
 * the union of these is, so the windows are told only of the edges of the union, as it grows. What a visit adds to it
 * follows from the visits next before and next after it. As no event that counts is older than the partition's
 * watermark, those can only be the last pane visited, the two finest ones before that, and the last one before these:
 * together with the cell that is one long.
 */
final class CustomerState {
  /** Where the union of present closings gets longer: from closing `begin` on, and not from closing `end` on. */
  interface Edges {
    void present(Window window, int cell, int begin, int end);
  }

  static final int MOST_CELLS = 1 << 16;

  // A visit, from the low bits: how many panes before the last one the older one is (0: none that matters), whether
  // the last but one and the last but two panes were visited, the last pane, the cell.
  private static final int OLDER_BITS = 12;
  private static final long OLDER_MASK = (1 << OLDER_BITS) - 1;
  private static final long ONE_BEFORE = 1L << OLDER_BITS;
  private static final long TWO_BEFORE = 1L << OLDER_BITS + 1;
  private static final int PANE_SHIFT = OLDER_BITS + 2;
  private static final int CELL_SHIFT = 48;
  private static final int NEVER = Integer.MIN_VALUE;
  /** Beyond which a visit cannot be in one window with a new one, in finest panes. */
  private static final int LONG_AGO = (int) (Window.HOUR.sizeMs() / Window.PANE_MS) + 3 * Window.HOUR.finest;

  private static final int FEWEST_PLACES = 4;

  int stage;
  /** Or NONE. */
  int segment = Rules.NONE;
  /** Since it was last written into the keyed state. */
  boolean isChanged;
  /** By cell: at its place, or at the next free one after. 0: free. The length is a power of two. */
  private long[] visits = new long[FEWEST_PLACES];
  private int count;

  /** The panes are finest ones; `newest` is that of the partition's highest time. */
  void visit(int cell, int pane, int newest, Edges edges) {
    int at = place(cell);
    long visit = visits[at];
    if (visit == 0) {
      if (4 * (count + 1) > 3 * visits.length) {
        makeRoom(newest);
        at = place(cell);
      }
      visits[at] = packed(cell, pane);
      ++count;
      tell(cell, NEVER, pane, NEVER, edges);
      return;
    }
    int last = lastPane(visit);
    if (pane > last) {
      visits[at] = moveOn(visit, cell, last, pane, edges);
    } else if (pane < last) {
      visits[at] = insert(visit, cell, last, pane, edges);
    }
  }

  /** Where the cell is, or would be. */
  private int place(int cell) {
    int mask = visits.length - 1;
    int at = cell * 0x9E3779B9 >>> 16 & mask;
    while (visits[at] != 0 && (int) (visits[at] >>> CELL_SHIFT) != cell) at = at + 1 & mask;
    return at;
  }

  private static long packed(int cell, int pane) {
    return (long) cell << CELL_SHIFT | (long) pane << PANE_SHIFT;
  }

  private static int lastPane(long visit) {
    return (int) (visit >>> PANE_SHIFT);
  }

  private static long moveOn(long visit, int cell, int last, int pane, Edges edges) {
    tell(cell, last, pane, NEVER, edges);
    int gap = pane - last;
    boolean one = (visit & ONE_BEFORE) != 0;
    boolean two = (visit & TWO_BEFORE) != 0;
    int older = olderThanTwo(visit, last);
    long moved = packed(cell, pane);
    if (gap == 1) {
      moved |= ONE_BEFORE | (one ? TWO_BEFORE : 0);
      if (two) older = last - 2;
    } else if (gap == 2) {
      moved |= TWO_BEFORE;
      if (one) {
        older = last - 1;
      } else if (two) {
        older = last - 2;
      }
    } else {
      older = last;
    }
    return older == NEVER || pane - older > LONG_AGO ? moved : moved | pane - older;
  }

  /** A visit that comes out of order. */
  private static long insert(long visit, int cell, int last, int pane, Edges edges) {
    boolean two = (visit & TWO_BEFORE) != 0;
    int older = olderThanTwo(visit, last);
    switch (last - pane) {
      case 1 -> {
        if ((visit & ONE_BEFORE) != 0) return visit;
        tell(cell, two ? last - 2 : older, pane, last, edges);
        return visit | ONE_BEFORE;
      }
      case 2 -> {
        if (two) return visit;
        tell(cell, older, pane, (visit & ONE_BEFORE) != 0 ? last - 1 : last, edges);
        return visit | TWO_BEFORE;
      }
      default -> throw new IllegalStateException("a customer's events are in more than one partition of the input");
    }
  }

  private static int olderThanTwo(long visit, int last) {
    int distance = (int) (visit & OLDER_MASK);
    return distance == 0 ? NEVER : last - distance;
  }

  /** Of a pane newly visited between the panes `before` and `after`. */
  private static void tell(int cell, int before, int pane, int after, Edges edges) {
    for (Window window : Window.ALL) {
      int own = pane / window.finest;
      int begin = own + 1;
      int end = own + window.panes + 1;
      if (before != NEVER) {
        int itsPane = before / window.finest;
        if (itsPane == own) continue;
        begin = Math.max(begin, itsPane + window.panes + 1);
      }
      if (after != NEVER) {
        int itsPane = after / window.finest;
        if (itsPane == own) continue;
        end = Math.min(end, itsPane + 1);
      }
      if (begin < end) edges.present(window, cell, begin, end);
    }
  }

  /** Forgets what no window will hold again, and grows if that was not enough. */
  private void makeRoom(int newest) {
    long[] before = visits;
    int kept = 0;
    for (long visit : before) {
      if (visit != 0 && newest - lastPane(visit) <= LONG_AGO) before[kept++] = visit;
    }
    enter(before, kept);
  }

  private void enter(long[] some, int size) {
    int places = FEWEST_PLACES;
    // Half free, so that it is long until the next time.
    while (2 * size >= places) places *= 2;
    visits = new long[places];
    count = size;
    for (int i = 0; i < size; ++i) visits[place((int) (some[i] >>> CELL_SHIFT))] = some[i];
  }

  public static final class Serializer extends CompactSerializer<CustomerState> {
    public Serializer() {
      super(false);
    }

    @Override
    public CustomerState copy(CustomerState from) {
      CustomerState copy = new CustomerState();
      copy.stage = from.stage;
      copy.segment = from.segment;
      copy.isChanged = from.isChanged;
      copy.visits = from.visits.clone();
      copy.count = from.count;
      return copy;
    }

    @Override
    public void serialize(CustomerState state, DataOutputView out) throws IOException {
      Varints.write(state.stage, out);
      Varints.write(state.segment + 1, out);
      Varints.write(state.count, out);
      for (long visit : state.visits) {
        if (visit != 0) out.writeLong(visit);
      }
    }

    @Override
    public CustomerState deserialize(DataInputView in) throws IOException {
      CustomerState state = new CustomerState();
      state.stage = (int) Varints.read(in);
      state.segment = (int) Varints.read(in) - 1;
      long[] visits = new long[(int) Varints.read(in)];
      for (int i = 0; i < visits.length; ++i) visits[i] = in.readLong();
      state.enter(visits, visits.length);
      return state;
    }

    @Override
    public TypeSerializerSnapshot<CustomerState> snapshotConfiguration() {
      return new Snapshot();
    }

    public static final class Snapshot extends SimpleTypeSerializerSnapshot<CustomerState> {
      public Snapshot() {
        super(Serializer::new);
      }
    }
  }
}
