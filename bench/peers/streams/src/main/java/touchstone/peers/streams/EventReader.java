package touchstone.peers.streams;

import com.dslplatform.json.DslJson;
import com.dslplatform.json.JsonReader;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Reads a record once, from its first byte to its last, and makes no object of what it reads. */
final class EventReader {
  private static final int ID = 0;
  private static final int TIME = 1;
  private static final int TYPE = 2;
  private static final int CUSTOMER = 3;
  private static final int CHANNEL = 4;
  private static final int SEGMENT = 5;
  private static final int VALUE = 6;
  private static final int ATTRIBUTES = 7;
  private static final int FEEDBACK = 8;
  private static final FieldNames FIELDS =
      new FieldNames("id", "time", "type", "customer", "channel", "segment", "value", "attributes", "feedback");

  private static final JsonFactory GENERAL = new JsonFactory();

  /** The years 1970 to 2100. */
  private static final long MAX_TIME = 4_133_980_800_000L;

  private final Rules rules;
  private final FieldNames attributes;
  private final FieldNames feedback;
  private final JsonReader<Object> reader = new DslJson<>().newReader(new byte[0]);
  private final Rfc3339 times = new Rfc3339();
  private final Event event = new Event();

  private byte[] json;
  private int start; // of the text or number that was read last
  private int end;
  private boolean hasTime;
  private int bestRating;

  EventReader(Rules rules) {
    this.rules = rules;
    attributes = new FieldNames(rules.attributeNames);
    String[] kinds = new String[Satisfaction.ALL.length];
    for (Satisfaction kind : Satisfaction.ALL) kinds[kind.ordinal()] = kind.name().toLowerCase();
    feedback = new FieldNames(kinds);
  }

  /** The event, the same object each time; null where the record is none. */
  Event read(byte[] record) {
    json = record;
    event.json = record;
    event.idEnd = event.typeEnd = event.channelEnd = event.valueEnd = event.customerEnd = 0;
    event.type = event.channel = event.path = event.segment = ByteDictionary.UNKNOWN;
    event.segmentByRule = Integer.MAX_VALUE;
    event.satisfaction = Satisfaction.INVALID;
    hasTime = false;
    bestRating = Satisfaction.ALL.length;
    try {
      reader.process(record, record.length);
      if (reader.getNextToken() != '{') return null;
      if (reader.getNextToken() == '}') return null;
      for (;;) {
        int field = FIELDS.find(reader.fillName(), reader);
        if (readMember(field, reader.getNextToken()) != ',') break;
        reader.getNextToken();
      }
      if (reader.last() != '}' || !isAllRead()) return null;
    } catch (IOException | RuntimeException malformed) {
      return null;
    }
    return hasTime && event.typeEnd != 0 && event.customerEnd != 0 ? event : null;
  }

  /** Returns the byte after the value. */
  private byte readMember(int field, byte first) throws IOException {
    if (first == '"') {
      if (field < 0 || field == VALUE || field >= ATTRIBUTES) return skipText();
      readText();
      if (start != end) takeText(field);
      return reader.getNextToken();
    }
    switch (field) {
      case TIME:
        if (!isNumber(first)) return reader.skip();
        readNumber();
        takeMillis();
        return reader.getNextToken();
      case VALUE:
        if (!isNumber(first)) return reader.skip();
        readNumber();
        event.valueStart = start;
        event.valueEnd = end;
        return reader.getNextToken();
      case ATTRIBUTES:
        return first == '{' ? readAttributes() : reader.skip();
      case FEEDBACK:
        return first == '{' ? readFeedback() : reader.skip();
      default:
        return reader.skip();
    }
  }

  private void takeText(int field) {
    switch (field) {
      case ID:
        event.idStart = start;
        event.idEnd = end;
        break;
      case TIME:
        long time = times.read(json, start, end);
        hasTime = time >= 0 && time < MAX_TIME;
        event.time = time;
        break;
      case TYPE:
        event.typeStart = start;
        event.typeEnd = end;
        event.type = number(rules.types);
        break;
      case CUSTOMER:
        takeCustomer();
        break;
      case CHANNEL:
        event.channelStart = start;
        event.channelEnd = end;
        event.channel = number(rules.channels);
        break;
      case SEGMENT:
        event.segment = number(rules.segmentIds);
        break;
      default:
        break;
    }
  }

  private byte readAttributes() throws IOException {
    byte next = reader.getNextToken();
    while (next == '"') {
      int attribute = attributes.find(reader.fillName(), reader);
      byte first = reader.getNextToken();
      if (first == '"' && attribute >= 0) {
        readText();
        takeAttribute(attribute);
        next = reader.getNextToken();
      } else if (first == '"') {
        next = skipText();
      } else {
        if (attribute > Rules.PATH && (first == 't' || first == 'f')) {
          takeSegment(rules.segmentAttributes[attribute - 1].ofFlag(first == 't'));
        }
        next = reader.skip();
      }
      if (next != ',') break;
      next = reader.getNextToken();
      if (next != '"') throw reader.newParseError("a name is missing");
    }
    return closeObject(next);
  }

  private void takeAttribute(int attribute) {
    if (attribute == Rules.PATH) event.path = number(rules.paths);
    // A segment rule may read the path too; it then has a number of its own.
    int segmentAttribute = attribute == Rules.PATH ? rules.pathAsSegmentAttribute : attribute - 1;
    if (segmentAttribute >= 0) {
      Rules.SegmentAttribute of = rules.segmentAttributes[segmentAttribute];
      int word = number(of.words());
      if (word >= 0) takeSegment(of.ofWord(word));
    }
  }

  private void takeSegment(int segment) {
    event.segmentByRule = Math.min(event.segmentByRule, segment);
  }

  private byte readFeedback() throws IOException {
    byte next = reader.getNextToken();
    while (next == '"') {
      int kind = feedback.find(reader.fillName(), reader);
      byte first = reader.getNextToken();
      if (kind >= 0 && isNumber(first)) {
        readNumber();
        if (kind < bestRating) takeRating(kind);
        next = reader.getNextToken();
      } else {
        next = first == '"' ? skipText() : reader.skip();
      }
      if (next != ',') break;
      next = reader.getNextToken();
      if (next != '"') throw reader.newParseError("a name is missing");
    }
    return closeObject(next);
  }

  private void takeRating(int kind) {
    long satisfaction = Satisfaction.ALL[kind].millionths(json, start, end);
    if (satisfaction == Satisfaction.INVALID) return;
    bestRating = kind;
    event.satisfaction = satisfaction;
  }

  private void takeMillis() {
    long time = 0;
    for (int at = start; at < end; at++) {
      if (json[at] < '0' || json[at] > '9' || time > MAX_TIME) return;
      time = 10 * time + json[at] - '0';
    }
    hasTime = time < MAX_TIME;
    event.time = time;
  }

  private void takeCustomer() {
    event.rawCustomerStart = start;
    event.rawCustomerEnd = end;
    event.customer = json;
    event.customerStart = start;
    event.customerEnd = end;
    if (hasEscape()) {
      event.customer = resolved();
      event.customerStart = 0;
      event.customerEnd = event.customer.length;
    }
  }

  // ---- texts and numbers ----

  private void readText() throws IOException {
    reader.calcWeakHash(); // finds the end of the text, by way of adding its bytes
    start = reader.getTokenStart();
    end = reader.getCurrentIndex() - 1;
  }

  private byte skipText() throws IOException {
    reader.calcWeakHash();
    return reader.getNextToken();
  }

  private void readNumber() {
    start = reader.scanNumber();
    end = reader.getCurrentIndex();
    while (json[end - 1] <= ' ') end--;
  }

  private static boolean isNumber(byte first) {
    return first == '-' || first >= '0' && first <= '9';
  }

  private byte closeObject(byte last) throws IOException {
    if (last != '}') throw reader.newParseError("the end of an object is missing");
    return reader.getNextToken();
  }

  private boolean isAllRead() {
    for (int at = reader.getCurrentIndex(); at < json.length; at++) {
      if (json[at] > ' ' || json[at] < 0) return false;
    }
    return true;
  }

  private int number(ByteDictionary words) {
    int number = words.find(json, start, end);
    if (number >= 0 || !hasEscape()) return number;
    byte[] text = resolved();
    return words.find(text, 0, text.length);
  }

  private boolean hasEscape() {
    for (int at = start; at < end; at++) {
      if (json[at] == '\\') return true;
    }
    return false;
  }

  /** Rare, so it may be left to a general parser. */
  private byte[] resolved() {
    try (JsonParser parser = GENERAL.createParser(json, start - 1, end - start + 2)) {
      parser.nextToken();
      return parser.getText().getBytes(StandardCharsets.UTF_8);
    } catch (IOException malformed) {
      throw new UncheckedIOException(malformed);
    }
  }
}
