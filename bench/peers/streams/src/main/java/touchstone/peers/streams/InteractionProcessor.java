package touchstone.peers.streams;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.internals.InternalProcessorContext;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;

/**
 * Attributes the events of one partition of the input and forwards an interaction for each. What they change in the cells is
 * added up until the commit and then sent as one batch to each partition of the cells, with the partition's clock.
 */
final class InteractionProcessor implements Processor<byte[], byte[], byte[], byte[]> {
  static final String NAME = "attribute";
  static final String STORE = "customers";
  static final String INTERACTIONS = "interactions-sink";
  static final String CELLS = "cells-sink";

  private static final Bytes CLOCK_KEY = Bytes.wrap(new byte[] {(byte) 0xFF}); // no customer: it is not UTF-8
  private static final Duration END_DELAY = Duration.ofMillis(10);

  /** What all tasks share. */
  record Shared(Rules rules, int partitions, long[] lastOffsets, boolean inMemory, long cacheBytesOfTask, Progress progress) {}

  private final Shared shared;
  private final Rules rules;
  private final EventReader reader;
  private final InteractionWriter writer;
  private final ByteWriter batch = new ByteWriter(1 << 16);

  private InternalProcessorContext<byte[], byte[]> context;
  private int partition;
  private KeyValueStore<Bytes, byte[]> store;
  private Customers customers;

  // The clock of the partition.
  private long highest = CellBatch.NEVER;
  private long lastOffset = -1;

  // Since the last commit.
  private final CellDelta[] deltas;
  private final boolean[] isChanged;
  private final int[] changedCells;
  private int changedCount;
  private int basePane;
  private int newestPane;
  private boolean hasBase;
  private boolean isPending;
  private int records;
  private int interactions;

  private InteractionProcessor(Shared shared) {
    this.shared = shared;
    rules = shared.rules;
    reader = new EventReader(rules);
    writer = new InteractionWriter(rules);
    deltas = new CellDelta[rules.cells()];
    isChanged = new boolean[rules.cells()];
    changedCells = new int[rules.cells()];
  }

  static ProcessorSupplier<byte[], byte[], byte[], byte[]> supplier(Shared shared) {
    return new ProcessorSupplier<>() {
      @Override
      public InteractionProcessor get() {
        return new InteractionProcessor(shared);
      }

      @Override
      public Set<StoreBuilder<?>> stores() {
        return shared.inMemory ? Set.of(BeforeCommit.builder(NAME)) : Set.of(BeforeCommit.builder(NAME), StateStores.keyValues(STORE));
      }
    };
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> processorContext) {
    context = (InternalProcessorContext<byte[], byte[]>) processorContext;
    partition = context.taskId().partition();
    if (!shared.inMemory) {
      store = context.getStateStore(STORE);
      restoreClock();
    }
    customers = new Customers(store, shared.cacheBytesOfTask);
    BeforeCommit.run(context, NAME, this::beforeCommit);
    if (hasEnded()) tellOfTheEnd();
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    isPending = true;
    records++;
    lastOffset = context.recordContext().offset();
    Event event = record.value() == null ? null : reader.read(record.value());
    if (event != null) attribute(event, record);
  }

  private void attribute(Event event, Record<byte[], byte[]> record) {
    boolean late = highest != CellBatch.NEVER && event.time < highest - Window.LATENESS_MS;
    if (!hasBase) begin(highest == CellBatch.NEVER ? event.time : highest);
    highest = Math.max(highest, event.time);

    int rule = rules.match(event.type, event.channel, event.path);
    Customer customer = customers.find(event.customer, event.customerStart, event.customerEnd);
    int segment = segment(event, customer);
    int before = customer.stage;
    int stage = Math.max(Math.max(before, 0), rules.move(rule));
    boolean changed = stage != before;
    if (segment != customer.segment && segment != rules.otherSegment()) {
      customer.segment = segment;
      changed = true;
    }
    customer.stage = stage;
    if (!late) {
      int cell = rules.cell(rules.touchpoint(rule), segment);
      int pane = Window.pane(event.time);
      CellDelta delta = delta(cell);
      delta.addEvent(pane, event.satisfaction != Satisfaction.INVALID, event.satisfaction);
      changed |= customer.visits.add(cell, pane, delta);
      newestPane = Math.max(newestPane, pane);
    }
    if (changed) customers.changed(customer);

    interactions++;
    byte[] interaction = writer.write(event, rule, segment, stage, before, late);
    context.forward(new Record<>(key(event, record.key()), interaction, record.timestamp(), record.headers()), INTERACTIONS);
  }

  private int segment(Event event, Customer customer) {
    if (event.segment >= 0) return event.segment;
    if (event.segmentByRule != Integer.MAX_VALUE) return event.segmentByRule;
    return customer.segment >= 0 ? customer.segment : rules.otherSegment();
  }

  /** The record's own key where it is the customer, as it should be. */
  private static byte[] key(Event event, byte[] key) {
    if (key != null && Arrays.equals(key, 0, key.length, event.customer, event.customerStart, event.customerEnd)) return key;
    return Arrays.copyOfRange(event.customer, event.customerStart, event.customerEnd);
  }

  private void begin(long time) {
    basePane = Window.pane(time - Window.LATENESS_MS);
    newestPane = basePane;
    hasBase = true;
  }

  private CellDelta delta(int cell) {
    CellDelta delta = deltas[cell];
    if (delta == null) delta = deltas[cell] = new CellDelta();
    if (!isChanged[cell]) {
      isChanged[cell] = true;
      changedCells[changedCount++] = cell;
      delta.begin(basePane);
    }
    return delta;
  }

  // ---- the commit ----

  private void beforeCommit() {
    if (!isPending) return;
    isPending = false;
    sendBatches();
    List<KeyValue<Bytes, byte[]>> entries = new ArrayList<>(customers.changedCount() + 1);
    customers.writeChanged(Window.pane(highest - Window.LATENESS_MS) - Visits.EXPIRY_PANES, entries);
    if (store != null) {
      entries.add(KeyValue.pair(CLOCK_KEY, ByteBuffer.allocate(16).putLong(highest).putLong(lastOffset).array()));
      store.putAll(entries);
    }
    shared.progress.records.add(records);
    shared.progress.interactions.add(interactions);
    records = 0;
    interactions = 0;
  }

  private void sendBatches() {
    for (int target = 0; target < shared.partitions; target++) {
      batch.clear();
      CellBatch.writeHead(batch, hasEnded(), highest, basePane, newestPane);
      for (int index = 0; index < changedCount; index++) {
        int cell = changedCells[index];
        if (cell % shared.partitions != target) continue;
        batch.varint(cell);
        deltas[cell].writeTo(batch);
        isChanged[cell] = false;
      }
      context.forward(new Record<>(CellBatch.key(partition, target), batch.copy(), System.currentTimeMillis(), new RecordHeaders()), CELLS);
    }
    changedCount = 0;
    hasBase = false;
  }

  private void restoreClock() {
    byte[] clock = store.get(CLOCK_KEY);
    if (clock == null) return;
    ByteBuffer in = ByteBuffer.wrap(clock);
    highest = in.getLong();
    lastOffset = in.getLong();
  }

  // ---- the end of the input ----

  private boolean hasEnded() {
    return lastOffset >= shared.lastOffsets[partition];
  }

  /** Where there is nothing to read, no record leads to a commit. */
  private void tellOfTheEnd() {
    Cancellable[] once = new Cancellable[1];
    once[0] = context.schedule(END_DELAY, PunctuationType.WALL_CLOCK_TIME, now -> {
      isPending = true;
      once[0].cancel();
    });
  }
}
