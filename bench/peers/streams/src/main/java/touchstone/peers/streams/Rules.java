package touchstone.peers.streams;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The rules, compiled: the words they know are numbered, and for each pair of type and channel the rule is found at once,
 * by the number of the path where a rule of the pair asks for one.
 */
final class Rules {
  static final int NO_RULE = -1;
  static final String UNMAPPED = "unmapped";
  static final String OTHER = "other";

  /** The number of the attribute `path` among attributeNames; the one at n + 1 is segmentAttributes[n]. */
  static final int PATH = 0;

  /** An attribute that segment rules read. */
  static final class SegmentAttribute {
    private final List<String> words = new ArrayList<>();
    private final List<Integer> segments = new ArrayList<>();
    private ByteDictionary dictionary;
    private int ofTrue = Integer.MAX_VALUE;
    private int ofFalse = Integer.MAX_VALUE;

    ByteDictionary words() {
      return dictionary;
    }

    /** The first segment of this value. */
    int ofWord(int word) {
      return segments.get(word);
    }

    /** The first segment; the greatest integer if there is none. */
    int ofFlag(boolean flag) {
      return flag ? ofTrue : ofFalse;
    }

    private void add(JsonNode value, int segment) {
      if (value.isBoolean()) {
        if (value.booleanValue()) ofTrue = Math.min(ofTrue, segment);
        else ofFalse = Math.min(ofFalse, segment);
      } else if (!words.contains(value.textValue())) {
        words.add(value.textValue());
        segments.add(segment);
      }
    }
  }

  private record Rule(int touchpoint, Set<String> types, Set<String> channels, Set<String> paths, int move, byte[] text) {
    boolean mayHold(String type, String channel) {
      return type != null && types.contains(type) && (channels == null || channel != null && channels.contains(channel));
    }
  }

  final String[] stages;
  final String[] segments; // with "other" as the last
  final String[] touchpoints; // with "unmapped" as the first
  final ByteDictionary types;
  final ByteDictionary channels;
  final ByteDictionary paths;
  final ByteDictionary segmentIds;
  final String[] attributeNames;
  final int pathAsSegmentAttribute; // -1: no segment rule reads the path
  final SegmentAttribute[] segmentAttributes;

  private final int channelCount;
  private final short[][] rulesOfPair;
  private final int[] touchpointOf;
  private final int[] moveOf;
  private final byte[][] textOf;
  private final boolean[] hasChannel;

  static Rules read(Path file) throws IOException {
    return new Rules(new ObjectMapper().readTree(file.toFile()));
  }

  private Rules(JsonNode root) {
    stages = texts(root.get("stages")).toArray(new String[0]);

    List<String> ids = new ArrayList<>();
    Map<String, SegmentAttribute> attributes = new LinkedHashMap<>();
    for (JsonNode segment : root.get("segments")) {
      if (segment.hasNonNull("attribute")) {
        attributes.computeIfAbsent(segment.get("attribute").textValue(), name -> new SegmentAttribute())
            .add(segment.get("value"), ids.size());
      }
      ids.add(segment.get("id").textValue());
    }
    segmentIds = new ByteDictionary(ids);
    ids.add(OTHER);
    segments = ids.toArray(new String[0]);
    List<String> names = new ArrayList<>(attributes.keySet());
    pathAsSegmentAttribute = names.indexOf("path");
    names.add(PATH, "path");
    attributeNames = names.toArray(new String[0]);
    segmentAttributes = attributes.values().toArray(new SegmentAttribute[0]);
    for (SegmentAttribute each : segmentAttributes) each.dictionary = new ByteDictionary(each.words);

    Map<String, Integer> numbers = new LinkedHashMap<>();
    numbers.put(UNMAPPED, 0);
    List<Rule> rules = new ArrayList<>();
    for (JsonNode rule : root.get("rules")) rules.add(compile(rule, numbers));
    touchpoints = numbers.keySet().toArray(new String[0]);
    if (touchpoints.length * segments.length > Visits.MAX_CELLS) throw new IllegalArgumentException("too many cells");

    List<String> typeWords = words(rules, Rule::types);
    List<String> channelWords = words(rules, Rule::channels);
    List<String> pathWords = words(rules, Rule::paths);
    types = new ByteDictionary(typeWords);
    channels = new ByteDictionary(channelWords);
    paths = new ByteDictionary(pathWords);
    typeWords.add(0, null); // any other
    channelWords.add(0, null);
    channelCount = channelWords.size();
    rulesOfPair = new short[typeWords.size() * channelCount][];
    for (int type = 0; type < typeWords.size(); type++) {
      for (int channel = 0; channel < channelCount; channel++) {
        rulesOfPair[type * channelCount + channel] = rulesByPath(rules, typeWords.get(type), channelWords.get(channel), pathWords);
      }
    }

    int count = rules.size();
    touchpointOf = new int[count + 1];
    moveOf = new int[count + 1];
    textOf = new byte[count + 1][];
    hasChannel = new boolean[count + 1];
    moveOf[0] = -1;
    textOf[0] = bytes(",\"touchpoint\":\"" + UNMAPPED + "\",\"segment\":");
    for (int number = 0; number < count; number++) {
      Rule rule = rules.get(number);
      touchpointOf[number + 1] = rule.touchpoint;
      moveOf[number + 1] = rule.move;
      textOf[number + 1] = rule.text;
      hasChannel[number + 1] = root.get("rules").get(number).hasNonNull("channel");
    }
  }

  /** The first rule that holds. The words are given by their numbers, or as ByteDictionary.UNKNOWN. */
  int match(int type, int channel, int path) {
    short[] byPath = rulesOfPair[(type + 1) * channelCount + channel + 1];
    return byPath.length == 1 ? byPath[0] : byPath[path + 1];
  }

  int touchpoint(int rule) {
    return touchpointOf[rule + 1];
  }

  /** The number of the stage the rule moves to; -1: none. */
  int move(int rule) {
    return moveOf[rule + 1];
  }

  boolean hasChannel(int rule) {
    return hasChannel[rule + 1];
  }

  /** The members of an interaction that the rule decides: its channel if it has one, its touchpoint, and `,"segment":`. */
  byte[] text(int rule) {
    return textOf[rule + 1];
  }

  int otherSegment() {
    return segments.length - 1;
  }

  int cells() {
    return touchpoints.length * segments.length;
  }

  int cell(int touchpoint, int segment) {
    return touchpoint * segments.length + segment;
  }

  String touchpointOfCell(int cell) {
    return touchpoints[cell / segments.length];
  }

  String segmentOfCell(int cell) {
    return segments[cell % segments.length];
  }

  static String quotedText(String text) {
    return '"' + new String(JsonStringEncoder.getInstance().quoteAsString(text)) + '"';
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private Rule compile(JsonNode rule, Map<String, Integer> numbers) {
    String touchpoint = rule.get("touchpoint").textValue();
    numbers.putIfAbsent(touchpoint, numbers.size());
    StringBuilder text = new StringBuilder();
    if (rule.hasNonNull("channel")) text.append(",\"channel\":").append(quotedText(rule.get("channel").textValue()));
    text.append(",\"touchpoint\":").append(quotedText(touchpoint)).append(",\"segment\":");
    int move = rule.hasNonNull("move") ? List.of(stages).indexOf(rule.get("move").textValue()) : -1;
    return new Rule(numbers.get(touchpoint), Set.copyOf(texts(rule.get("types"))), setOrNull(rule.get("channels")),
        setOrNull(rule.get("paths")), move, bytes(text.toString()));
  }

  /** One element if the path does not matter; else for any other path, then for each by its number. */
  private static short[] rulesByPath(List<Rule> rules, String type, String channel, List<String> paths) {
    short otherwise = NO_RULE;
    Map<String, Short> special = new HashMap<>();
    for (short number = 0; number < rules.size(); number++) {
      Rule rule = rules.get(number);
      if (!rule.mayHold(type, channel)) continue;
      if (rule.paths == null) {
        otherwise = number;
        break;
      }
      for (String path : rule.paths) special.putIfAbsent(path, number);
    }
    if (special.isEmpty()) return new short[] {otherwise};
    short[] byPath = new short[paths.size() + 1];
    byPath[0] = otherwise;
    for (int path = 0; path < paths.size(); path++) byPath[path + 1] = special.getOrDefault(paths.get(path), otherwise);
    return byPath;
  }

  private static List<String> words(List<Rule> rules, java.util.function.Function<Rule, Set<String>> member) {
    Set<String> distinct = new LinkedHashSet<>();
    for (Rule rule : rules) {
      if (member.apply(rule) != null) distinct.addAll(member.apply(rule));
    }
    return new ArrayList<>(distinct);
  }

  private static List<String> texts(JsonNode array) {
    List<String> all = new ArrayList<>();
    for (JsonNode each : array) all.add(each.textValue());
    return all;
  }

  private static Set<String> setOrNull(JsonNode array) {
    return array == null || array.isNull() ? null : Set.copyOf(texts(array));
  }
}
