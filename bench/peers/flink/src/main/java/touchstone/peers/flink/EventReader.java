package touchstone.peers.flink;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import touchstone.peers.flink.Rules.SegmentAttribute;

/** Reads a record's JSON in one pass, without a tree and with few objects. */
final class EventReader implements KafkaRecordDeserializationSchema<Event> {
  private static final long serialVersionUID = 1;

  /** In the order in which the first that is present counts. */
  private enum Feedback { CSAT, STARS, NPS, CES, SENTIMENT }

  private final byte[] rulesJson;
  private final Placement placement;

  private transient Rules rules;
  private transient JsonFactory factory;
  private transient JsonParser parser;
  private transient Feed feed;
  private transient ByteArrayOutputStream rest;
  private transient Event event;

  EventReader(byte[] rulesJson, Placement placement) {
    this.rulesJson = rulesJson;
    this.placement = placement;
  }

  @Override
  public void open(DeserializationSchema.InitializationContext context) throws IOException {
    rules = new Rules(rulesJson);
    factory = JsonFactory.builder().enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER).build();
    feed = new Feed();
    rest = new ByteArrayOutputStream();
    event = new Event();
  }

  @Override
  public TypeInformation<Event> getProducedType() {
    return PlainType.unshipped(Event.class);
  }

  @Override
  public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Event> out) {
    Counts.READ.increment();
    if (record.value() != null && read(record)) out.collect(event);
  }

  private boolean read(ConsumerRecord<byte[], byte[]> record) {
    event.clear();
    event.partition = record.partition();
    feed.begin(record.value());
    try {
      // One parser goes on from record to record: making one takes a tenth of the time of reading one.
      if (parser == null) parser = factory.createParser(feed);
      if (parser.nextToken() == JsonToken.START_OBJECT) {
        readRecord(record.key());
        if (isAtEnd()) return event.type != null && event.customer != null && event.time != Times.NONE;
      }
    } catch (IOException notJson) {
      // A record less; the parser is of no use any more.
    }
    parser = null;
    return false;
  }

  private boolean isAtEnd() throws IOException {
    if (parser.currentToken() != JsonToken.END_OBJECT) return false;
    if (parser.releaseBuffered(rest) <= 0 && feed.isEmpty()) return true;
    feed.transferTo(rest);
    boolean blank = true;
    for (byte each : rest.toByteArray()) blank &= each == ' ' || each == '\t' || each == '\n' || each == '\r';
    rest.reset();
    return blank;
  }

  private void readRecord(byte[] key) throws IOException {
    int segmentRule = Integer.MAX_VALUE;
    boolean isSegmentGiven = false;
    for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
      JsonToken token = parser.nextToken();
      switch (name) {
        case "id" -> {
          if (isText(token)) {
            event.id.text(parser.getTextCharacters(), parser.getTextOffset(), parser.getTextLength());
          }
        }
        case "time" -> readTime(token);
        case "type" -> {
          if (isText(token)) event.type = name(rules.types);
        }
        case "customer" -> {
          if (isText(token)) event.customer = placement.customer(customerId(key), event.partition);
        }
        case "channel" -> {
          if (isText(token)) event.channel = name(rules.channels);
        }
        case "segment" -> {
          if (isText(token)) {
            int number = name(rules.segmentNames).number;
            isSegmentGiven = number != 0;
            if (isSegmentGiven) event.segment = number - 1;
          }
        }
        case "value" -> {
          if (token.isNumeric()) {
            event.value.ascii(parser.getTextCharacters(), parser.getTextOffset(), parser.getTextLength());
          } else {
            parser.skipChildren();
          }
        }
        case "attributes" -> segmentRule = token == JsonToken.START_OBJECT ? readAttributes() : skip(segmentRule);
        case "feedback" -> {
          if (token == JsonToken.START_OBJECT) {
            readFeedback();
          } else {
            parser.skipChildren();
          }
        }
        default -> parser.skipChildren();
      }
    }
    if (!isSegmentGiven && segmentRule != Integer.MAX_VALUE) event.segment = rules.segmentOfSegmentRule(segmentRule);
  }

  /** Text that is not empty; what is neither text nor a number is passed over. */
  private boolean isText(JsonToken token) throws IOException {
    if (token == JsonToken.VALUE_STRING) return parser.getTextLength() > 0;
    parser.skipChildren();
    return false;
  }

  private int skip(int unchanged) throws IOException {
    parser.skipChildren();
    return unchanged;
  }

  private Names.Name name(Names names) throws IOException {
    return names.find(parser.getTextCharacters(), parser.getTextOffset(), parser.getTextLength());
  }

  private void readTime(JsonToken token) throws IOException {
    if (token == JsonToken.VALUE_STRING) {
      event.time = Times.parse(parser.getTextCharacters(), parser.getTextOffset(), parser.getTextLength());
    } else if (token == JsonToken.VALUE_NUMBER_INT) {
      event.time = Times.ofMillis(parser.getLongValue());
    } else {
      parser.skipChildren();
    }
  }

  /** The record's key where it is the customer, as it should be: it is an array already. */
  private byte[] customerId(byte[] key) throws IOException {
    char[] text = parser.getTextCharacters();
    int from = parser.getTextOffset();
    int length = parser.getTextLength();
    if (key != null && key.length == length) {
      int same = 0;
      while (same < length && key[same] == text[from + same]) ++same;
      if (same == length) return key;
    }
    return new String(text, from, length).getBytes(StandardCharsets.UTF_8);
  }

  /** The first segment rule that an attribute satisfies. */
  private int readAttributes() throws IOException {
    int first = Integer.MAX_VALUE;
    for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
      JsonToken token = parser.nextToken();
      if (name.equals("path") && token == JsonToken.VALUE_STRING) event.path = name(rules.paths);
      SegmentAttribute attribute = rules.segmentAttributes.get(name);
      if (attribute != null) {
        int rule = switch (token) {
          case VALUE_STRING -> attribute.firstRule(name(attribute.values));
          case VALUE_TRUE -> attribute.firstRule(true);
          case VALUE_FALSE -> attribute.firstRule(false);
          default -> Rules.NONE;
        };
        if (rule != Rules.NONE) first = Math.min(first, rule);
      }
      parser.skipChildren();
    }
    return first;
  }

  private void readFeedback() throws IOException {
    Feedback found = null;
    for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
      JsonToken token = parser.nextToken();
      Feedback kind = switch (name) {
        case "csat" -> Feedback.CSAT;
        case "stars" -> Feedback.STARS;
        case "nps" -> Feedback.NPS;
        case "ces" -> Feedback.CES;
        case "sentiment" -> Feedback.SENTIMENT;
        default -> null;
      };
      if (kind == null || !token.isNumeric()) {
        parser.skipChildren();
      } else if (found == null || kind.compareTo(found) < 0) {
        found = kind;
        event.satisfaction = Math.round(satisfaction(kind, parser.getDoubleValue()) * 1e6);
      }
    }
  }

  private static double satisfaction(Feedback kind, double score) {
    return switch (kind) {
      case CSAT, STARS -> (score - 1) / 4;
      case NPS -> score / 10;
      case CES -> (score - 1) / 6;
      case SENTIMENT -> (score + 1) / 2;
    };
  }

  /** A stream that holds one record at a time, and ends where that ends. */
  private static final class Feed extends InputStream {
    private byte[] record;
    private int next;

    void begin(byte[] bytes) {
      record = bytes;
      next = 0;
    }

    boolean isEmpty() {
      return next == record.length;
    }

    @Override
    public int read() {
      return isEmpty() ? -1 : record[next++] & 0xFF;
    }

    @Override
    public int read(byte[] into, int from, int most) {
      if (isEmpty()) return -1;
      int size = Math.min(most, record.length - next);
      System.arraycopy(record, next, into, from, size);
      next += size;
      return size;
    }
  }
}
