package touchstone.peers.streams;

/** Interactions as JSON; what the rules decide is written in advance. */
final class InteractionWriter {
  private static final byte[] ID = Rules.bytes("\"id\":\"");
  private static final byte[] TIME = Rules.bytes("\"time\":\"");
  private static final byte[] CUSTOMER = Rules.bytes("\",\"customer\":\"");
  private static final byte[] TYPE = Rules.bytes("\",\"type\":\"");
  private static final byte[] CHANNEL = Rules.bytes(",\"channel\":\"");
  private static final byte[] OTHER_CHANNEL = Rules.bytes(",\"channel\":\"other\"");
  private static final byte[] SATISFACTION = Rules.bytes(",\"satisfaction\":");
  private static final byte[] VALUE = Rules.bytes(",\"value\":");
  private static final byte[] LATE = Rules.bytes(",\"late\":true}");
  private static final byte[] NOT_LATE = Rules.bytes(",\"late\":false}");

  private final Rules rules;
  private final byte[][] segments; // by segment: its value, and `,"stage":`
  private final byte[][] stages; // by stage: its value
  private final byte[][] stagesBefore; // the member of this stage; the first: absent
  private final ByteWriter out = new ByteWriter(1024);
  private final Rfc3339 times = new Rfc3339();

  InteractionWriter(Rules rules) {
    this.rules = rules;
    segments = new byte[rules.segments.length][];
    for (int segment = 0; segment < segments.length; segment++) {
      segments[segment] = Rules.bytes(Rules.quotedText(rules.segments[segment]) + ",\"stage\":");
    }
    stages = new byte[rules.stages.length][];
    stagesBefore = new byte[rules.stages.length + 1][];
    stagesBefore[0] = new byte[0];
    for (int stage = 0; stage < stages.length; stage++) {
      stages[stage] = Rules.bytes(Rules.quotedText(rules.stages[stage]));
      stagesBefore[stage + 1] = Rules.bytes(",\"stage_before\":" + Rules.quotedText(rules.stages[stage]));
    }
  }

  byte[] write(Event event, int rule, int segment, int stage, int stageBefore, boolean late) {
    out.clear();
    out.put('{');
    if (event.idEnd != 0) {
      out.put(ID);
      out.put(event.json, event.idStart, event.idEnd);
      out.put('"');
      out.put(',');
    }
    out.put(TIME);
    out.time(event.time, times);
    out.put(CUSTOMER);
    out.put(event.json, event.rawCustomerStart, event.rawCustomerEnd);
    out.put(TYPE);
    out.put(event.json, event.typeStart, event.typeEnd);
    out.put('"');
    if (!rules.hasChannel(rule)) {
      if (event.channelEnd == 0) {
        out.put(OTHER_CHANNEL);
      } else {
        out.put(CHANNEL);
        out.put(event.json, event.channelStart, event.channelEnd);
        out.put('"');
      }
    }
    out.put(rules.text(rule));
    out.put(segments[segment]);
    out.put(stages[stage]);
    out.put(stagesBefore[stageBefore + 1]);
    if (event.satisfaction != Satisfaction.INVALID) {
      out.put(SATISFACTION);
      out.millionths(event.satisfaction);
    }
    if (event.valueEnd != 0) {
      out.put(VALUE);
      out.put(event.json, event.valueStart, event.valueEnd);
    }
    out.put(late ? LATE : NOT_LATE);
    return out.copy();
  }
}
