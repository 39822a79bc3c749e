package touchstone.peers.flink;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeutils.base.LongSerializer;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.watermark.Watermark;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.util.OutputTag;

/**
 * Attributes each event, keyed by customer, and gathers what it changes in the windows. The changes are sent on before
 * a watermark that closes a window and before a checkpoint's barrier, so that a checkpoint has each change either here,
 * as part of the events still to be read, or there.
 */
final class CustomersOperator extends AbstractStreamOperator<Output> implements OneInputStreamOperator<Event, Output> {
  private static final long serialVersionUID = 1;

  static final OutputTag<Changes> CHANGES =
      new OutputTag<>("changes", new PlainType<>(Changes.class, new Changes.Serializer()));

  private static final byte[] ID = ascii("{\"id\":");
  private static final byte[] TIME_FIRST = ascii("{\"time\":");
  private static final byte[] TIME = ascii(",\"time\":");
  private static final byte[] CUSTOMER = ascii(",\"customer\":");
  private static final byte[] TYPE = ascii(",\"type\":");
  private static final byte[] CHANNEL = ascii(",\"channel\":");
  private static final byte[] TOUCHPOINT = ascii(",\"touchpoint\":");
  private static final byte[] SEGMENT = ascii(",\"segment\":");
  private static final byte[] STAGE = ascii(",\"stage\":");
  private static final byte[] STAGE_BEFORE = ascii(",\"stage_before\":");
  private static final byte[] SATISFACTION = ascii(",\"satisfaction\":");
  private static final byte[] VALUE = ascii(",\"value\":");
  private static final byte[] LATE = ascii(",\"late\":true}");
  private static final byte[] NOT_LATE = ascii(",\"late\":false}");
  private static final byte[] OTHER_CHANNEL = Rules.json("other");

  private final byte[] rulesJson;
  /** Whether a customer's partition is the same in the input and the output. */
  private final boolean keepsPartition;
  private final Customers.Kind kind;

  private transient Rules rules;
  private transient byte[][] touchpoints;
  private transient byte[][] segments;
  private transient byte[][] stages;
  private transient Customers customers;
  private transient ListState<Long> savedTimes;
  /** The highest time of each partition of the input that is read here. */
  private transient long[] highestTimes;
  private transient long highestTime;
  private transient Bundle[] bundles;
  private transient CustomerState.Edges edges;
  private transient long lastWatermark;
  private transient JsonBytes json;
  private transient Output interaction;
  private transient StreamRecord<Output> interactionRecord;
  private transient StreamRecord<Changes> changesRecord;

  CustomersOperator(byte[] rulesJson, boolean keepsPartition, Customers.Kind kind) {
    this.rulesJson = rulesJson;
    this.keepsPartition = keepsPartition;
    this.kind = kind;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  @Override
  public void initializeState(StateInitializationContext context) throws Exception {
    highestTimes = new long[0];
    highestTime = Times.NONE;
    // In pairs of partition and time; all of them everywhere, as partitions may be dealt out anew.
    savedTimes = context.getOperatorStateStore()
        .getUnionListState(new ListStateDescriptor<>("highest times", LongSerializer.INSTANCE));
    long partition = -1;
    for (long each : savedTimes.get()) {
      if (partition < 0) {
        partition = each;
      } else {
        see((int) partition, each);
        partition = -1;
      }
    }
  }

  @Override
  public void open() throws Exception {
    super.open();
    rules = new Rules(rulesJson);
    touchpoints = new byte[rules.touchpointCount()][];
    Arrays.setAll(touchpoints, index -> Rules.json(rules.touchpoint(index)));
    segments = new byte[rules.segmentCount()][];
    Arrays.setAll(segments, index -> Rules.json(rules.segment(index)));
    stages = new byte[rules.stageCount()][];
    Arrays.setAll(stages, index -> Rules.json(rules.stage(index)));
    ValueState<CustomerState> state = getRuntimeContext().getState(
        new ValueStateDescriptor<>("customers", new CustomerState.Serializer()));
    customers = Customers.of(kind, state, this::setCurrentKey);
    int cells = touchpoints.length * segments.length;
    if (cells > CustomerState.MOST_CELLS) throw new IllegalArgumentException("too many touchpoints and segments");
    bundles = new Bundle[Window.ALL.length];
    Arrays.setAll(bundles, index -> new Bundle(Window.ALL[index], cells));
    edges = (window, cell, begin, end) -> {
      slot(window, begin).customers[cell] += 1;
      slot(window, end).customers[cell] -= 1;
    };
    lastWatermark = Long.MIN_VALUE;
    json = new JsonBytes();
    interaction = new Output();
    interactionRecord = new StreamRecord<>(interaction);
    changesRecord = new StreamRecord<>(null);
  }

  @Override
  public void processElement(StreamRecord<Event> record) throws Exception {
    Event event = record.getValue();
    boolean isLate = see(event.partition, event.time);

    CustomerState customer = customers.get(event.customer);
    boolean isFirst = customer == null;
    if (isFirst) customer = new CustomerState();

    int rule = rules.firstRule(event.type, event.channel, event.path);
    int stageBefore = isFirst ? Rules.NONE : customer.stage;
    if (rules.moveOf(rule) > customer.stage) customer.stage = rules.moveOf(rule);
    if (event.segment != Rules.NONE) customer.segment = event.segment;
    int touchpoint = rules.touchpointOf(rule);
    int segment = customer.segment == Rules.NONE ? rules.otherSegment() : customer.segment;

    if (!isLate) count(event, touchpoint * segments.length + segment, customer);
    customers.changed(event.customer, customer, isFirst);

    interaction.key = event.customer.id;
    interaction.value = interactionJson(event, rule, touchpoint, segment, customer.stage, stageBefore, isLate);
    if (keepsPartition) interaction.partition = event.partition;
    output.collect(interactionRecord);
    Counts.INTERACTIONS.increment();
  }

  /** True if the time is late by the watermark before it. */
  private boolean see(int partition, long time) {
    if (partition >= highestTimes.length) {
      int before = highestTimes.length;
      highestTimes = Arrays.copyOf(highestTimes, partition + 1);
      Arrays.fill(highestTimes, before, highestTimes.length, Times.NONE);
    }
    long highest = highestTimes[partition];
    if (time > highest) {
      highestTimes[partition] = time;
      highestTime = Math.max(highestTime, time);
      return false;
    }
    return time < highest - Window.LATENESS_MS;
  }

  private void count(Event event, int cell, CustomerState customer) throws Exception {
    int pane = (int) (event.time / Window.PANE_MS);
    for (Window window : Window.ALL) {
      Slot slot = slot(window, pane / window.finest + 1);
      slot.interactions[cell] += 1;
      if (event.satisfaction != Event.UNRATED) {
        slot.responses[cell] += 1;
        slot.satisfaction[cell] += event.satisfaction;
      }
    }
    customer.visit(cell, pane, (int) (highestTimes[event.partition] / Window.PANE_MS), edges);
  }

  private Slot slot(Window window, int closing) {
    Slot slot = bundles[window.ordinal()].at(closing);
    if (slot != null) return slot;
    sendChanges();
    return bundles[window.ordinal()].at(closing);
  }

  private byte[] interactionJson(Event event, int rule, int touchpoint, int segment, int stage, int stageBefore,
      boolean isLate) {
    json.clear();
    if (event.id.isEmpty()) {
      json.raw(TIME_FIRST);
    } else {
      json.raw(ID);
      json.raw(event.id);
      json.raw(TIME);
    }
    json.time(event.time);
    json.raw(CUSTOMER);
    json.text(event.customer.id);
    json.raw(TYPE);
    json.raw(event.type.json);
    json.raw(CHANNEL);
    byte[] channel = rules.channelOf(rule);
    if (channel == null) channel = event.channel == null ? OTHER_CHANNEL : event.channel.json;
    json.raw(channel);
    json.raw(TOUCHPOINT);
    json.raw(touchpoints[touchpoint]);
    json.raw(SEGMENT);
    json.raw(segments[segment]);
    json.raw(STAGE);
    json.raw(stages[stage]);
    if (stageBefore != Rules.NONE) {
      json.raw(STAGE_BEFORE);
      json.raw(stages[stageBefore]);
    }
    if (event.satisfaction != Event.UNRATED) {
      json.raw(SATISFACTION);
      json.millionths(event.satisfaction);
    }
    if (!event.value.isEmpty()) {
      json.raw(VALUE);
      json.raw(event.value);
    }
    json.raw(isLate ? LATE : NOT_LATE);
    return json.toBytes();
  }

  /** Only those watermarks go on that close a window. */
  @Override
  public void processWatermark(Watermark watermark) throws Exception {
    long time = watermark.getTimestamp();
    if (time != Watermark.MAX_WATERMARK.getTimestamp()) {
      time = Math.floorDiv(time + 1, Window.PANE_MS) * Window.PANE_MS - 1;
      if (time <= lastWatermark) return;
    }
    lastWatermark = time;
    sendChanges();
    super.processWatermark(new Watermark(time));
  }

  @Override
  public void prepareSnapshotPreBarrier(long checkpointId) throws Exception {
    sendChanges();
    customers.flush();
  }

  private void sendChanges() {
    for (Bundle bundle : bundles) {
      if (bundle.isEmpty()) continue;
      output.collect(CHANGES, changesRecord.replace(bundle.changes(highestTime)));
      bundle.clear();
    }
  }

  @Override
  public void snapshotState(StateSnapshotContext context) throws Exception {
    super.snapshotState(context);
    savedTimes.clear();
    for (int partition = 0; partition < highestTimes.length; ++partition) {
      if (highestTimes[partition] == Times.NONE) continue;
      savedTimes.add((long) partition);
      savedTimes.add(highestTimes[partition]);
    }
  }
}
