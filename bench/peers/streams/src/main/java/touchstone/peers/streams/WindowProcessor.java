package touchstone.peers.streams;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;

/**
 * Keeps the windows of the cells of one partition, closes them by the lowest watermark of all partitions of the input, and
 * forwards the rows that differ from those before.
 *
 * <p>Its state is what it was told: the store is a journal of the batches that may still matter. That is one write for
 * each batch, where writing the cells that a batch changes would be some hundred. The windows themselves are in the heap and
 * made again from the journal at a start; what was closed by then is the same as before, so nothing of it is written again.
 */
final class WindowProcessor extends ContextualProcessor<byte[], byte[], byte[], byte[]> {
  static final String NAME = "windows";
  static final String STORE = "journal";

  private static final byte CLOCKS = 0; // the first byte of keys of the journal
  private static final byte BATCH = 1;
  private static final Bytes CLOCKS_KEY = Bytes.wrap(new byte[] {CLOCKS});

  private final Rules rules;
  private final int sources;
  private final boolean inMemory;
  private final Progress progress;

  private KeyValueStore<Bytes, byte[]> journal;
  private CellWindows windows;
  private RowWriter writer;
  private long[] highest; // event times of the partitions of the input
  private boolean[] ended;
  private boolean clocksChanged;
  private int dropped = Integer.MIN_VALUE; // the last closing of the longest window for which the journal was cleared
  private boolean allEnded;

  private WindowProcessor(Rules rules, int sources, boolean inMemory, Progress progress) {
    this.rules = rules;
    this.sources = sources;
    this.inMemory = inMemory;
    this.progress = progress;
  }

  static ProcessorSupplier<byte[], byte[], byte[], byte[]> supplier(Rules rules, int sources, boolean inMemory, Progress progress) {
    return new ProcessorSupplier<>() {
      @Override
      public WindowProcessor get() {
        return new WindowProcessor(rules, sources, inMemory, progress);
      }

      @Override
      public Set<StoreBuilder<?>> stores() {
        return inMemory ? Set.of() : Set.of(BeforeCommit.builder(NAME), StateStores.keyValues(STORE));
      }
    };
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    super.init(context);
    windows = new CellWindows(rules.cells());
    writer = new RowWriter(rules);
    highest = new long[sources];
    Arrays.fill(highest, CellBatch.NEVER);
    ended = new boolean[sources];
    if (inMemory) return;
    journal = context.getStateStore(STORE);
    restore();
    BeforeCommit.run(context, NAME, this::writeClocks);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    int source = CellBatch.source(record.key());
    CellBatch batch = new CellBatch(record.value());
    highest[source] = batch.highest;
    ended[source] = batch.ended;
    clocksChanged = true;
    if (batch.cells.hasMore()) {
      if (!inMemory) journal.put(journalKey(batch, source, context().recordMetadata().orElseThrow().offset()), record.value());
      windows.add(batch);
    }
    close(record.timestamp());
  }

  private void close(long timestamp) {
    if (allEnded) return;
    CellWindows.RowSink sink = (window, cell, end, sums) -> forward(window, cell, end, sums, timestamp);
    windows.closeUntil(watermark(), sink);
    if (!inMemory) dropFromJournal();
    allEnded = hasEnded();
    if (allEnded) {
      windows.end(Arrays.stream(highest).max().orElseThrow(), sink);
      progress.windowsEnded(context().taskId().partition());
    }
  }

  /** The lowest of the partitions; one that turned out to be empty does not count. */
  private long watermark() {
    long lowest = Long.MAX_VALUE;
    for (int source = 0; source < sources; source++) {
      if (highest[source] != CellBatch.NEVER) lowest = Math.min(lowest, highest[source] - Window.LATENESS_MS);
      else if (!ended[source]) return CellBatch.NEVER;
    }
    return lowest == Long.MAX_VALUE ? CellBatch.NEVER : lowest;
  }

  private boolean hasEnded() {
    for (boolean each : ended) {
      if (!each) return false;
    }
    return true;
  }

  private void forward(Window window, int cell, long end, CellWindow sums, long timestamp) {
    progress.rows.increment();
    context().forward(new Record<>(writer.key(window, cell), writer.row(window, cell, end, sums), timestamp, new RecordHeaders()));
  }

  // ---- the journal ----

  private static Bytes journalKey(CellBatch batch, int source, long offset) {
    int expiry = Window.HOUR.step(batch.newestPane) + Window.HOUR.stepsInSize + 1;
    return Bytes.wrap(ByteBuffer.allocate(17).put(BATCH).putInt(expiry).putInt(source).putLong(offset).array());
  }

  /** When its last edge has passed, a batch adds nothing to any sum: what came with it has gone with it. */
  private void dropFromJournal() {
    int closed = windows.lastClosing(Window.HOUR);
    if (closed == dropped) return;
    dropped = closed;
    List<Bytes> expired = new ArrayList<>();
    Bytes from = Bytes.wrap(new byte[] {BATCH});
    Bytes to = Bytes.wrap(ByteBuffer.allocate(5).put(BATCH).putInt(closed + 1).array());
    try (KeyValueIterator<Bytes, byte[]> batches = journal.range(from, to)) {
      while (batches.hasNext()) expired.add(batches.next().key);
    }
    for (Bytes key : expired) journal.delete(key);
  }

  private void writeClocks() {
    if (!clocksChanged) return;
    clocksChanged = false;
    ByteWriter out = new ByteWriter(16 * sources);
    for (int source = 0; source < sources; source++) {
      out.signed(highest[source]);
      out.varint(ended[source] ? 1 : 0);
    }
    journal.put(CLOCKS_KEY, out.copy());
  }

  private void restore() {
    byte[] clocks = journal.get(CLOCKS_KEY);
    if (clocks == null) return;
    ByteReader in = new ByteReader(clocks);
    for (int source = 0; source < sources; source++) {
      highest[source] = in.signed();
      ended[source] = in.varint() != 0;
    }
    try (KeyValueIterator<Bytes, byte[]> all = journal.all()) {
      while (all.hasNext()) {
        KeyValue<Bytes, byte[]> entry = all.next();
        if (entry.key.get()[0] == BATCH) windows.add(new CellBatch(entry.value));
      }
    }
    windows.closeUntil(watermark(), (window, cell, end, sums) -> {});
    allEnded = hasEnded();
    if (allEnded) progress.windowsEnded(context().taskId().partition());
  }
}
