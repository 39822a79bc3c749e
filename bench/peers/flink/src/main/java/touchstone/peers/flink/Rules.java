package touchstone.peers.flink;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import touchstone.peers.flink.Names.Name;

/**
 * The rules, compiled: texts are numbers, and which rule is the first that holds is looked up in a table by type,
 * channel and path. The same file gives the same numbers everywhere.
 */
final class Rules {
  static final int NONE = -1;

  /** What an attribute's values say of the segment. */
  static final class SegmentAttribute {
    final Names values = new Names();
    /** By the value's number, the first segment rule it satisfies. */
    private int[] firstRule = {NONE};
    private int firstRuleIfTrue = NONE;
    private int firstRuleIfFalse = NONE;

    int firstRule(Name value) {
      return firstRule[value.number];
    }

    int firstRule(boolean value) {
      return value ? firstRuleIfTrue : firstRuleIfFalse;
    }
  }

  private record Rule(int touchpoint, String channel, String[] types, String[] channels, String[] paths, int move) {}

  final Names types = new Names();
  final Names channels = new Names();
  final Names paths = new Names();
  final Map<String, SegmentAttribute> segmentAttributes = new HashMap<>();
  /** The given segments; a segment's index is its number less one. */
  final Names segmentNames = new Names();

  private final List<String> stages = new ArrayList<>();
  private final List<String> segments = new ArrayList<>();
  private final List<String> touchpoints = new ArrayList<>();
  private final List<Rule> rules = new ArrayList<>();
  private int[] segmentOfSegmentRule = {};
  private int otherSegment;

  /** By type: channel by channel, for each the paths if any rule of the type looks at them. */
  private int[][] firstRule;
  private boolean[] looksAtPath;
  private int[] touchpointOfRule;
  private int[] moveOfRule;
  private byte[][] channelOfRule;

  Rules(byte[] json) throws IOException {
    touchpoint("unmapped");
    try (JsonParser parser = new JsonFactory().createParser(json)) {
      expect(parser.nextToken(), JsonToken.START_OBJECT);
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        parser.nextToken();
        switch (name) {
          case "stages" -> stages.addAll(Arrays.asList(readTexts(parser)));
          case "segments" -> readSegments(parser);
          case "rules" -> readRules(parser);
          default -> parser.skipChildren();
        }
      }
    }
    compile();
  }

  int stageCount() {
    return stages.size();
  }

  String stage(int index) {
    return stages.get(index);
  }

  /** With that of customers without one. */
  int segmentCount() {
    return segments.size();
  }

  String segment(int index) {
    return segments.get(index);
  }

  int otherSegment() {
    return otherSegment;
  }

  int segmentOfSegmentRule(int rule) {
    return segmentOfSegmentRule[rule];
  }

  int touchpointCount() {
    return touchpoints.size();
  }

  String touchpoint(int index) {
    return touchpoints.get(index);
  }

  /** The first rule that holds, or NONE. */
  int firstRule(Name type, Name channel, Name path) {
    int pathNumber = path == null || !looksAtPath[type.number] ? 0 : path.number;
    int width = looksAtPath[type.number] ? paths.declared() + 1 : 1;
    return firstRule[type.number][(channel == null ? 0 : channel.number) * width + pathNumber];
  }

  int touchpointOf(int rule) {
    return rule == NONE ? 0 : touchpointOfRule[rule];
  }

  /** The stage that a rule moves to, or NONE. */
  int moveOf(int rule) {
    return rule == NONE ? NONE : moveOfRule[rule];
  }

  /** The channel that a rule gives, as JSON; null if it gives none. */
  byte[] channelOf(int rule) {
    return rule == NONE ? null : channelOfRule[rule];
  }

  static byte[] json(String text) {
    JsonBytes out = new JsonBytes();
    out.text(text.getBytes(StandardCharsets.UTF_8));
    return out.toBytes();
  }

  private int touchpoint(String id) {
    int index = touchpoints.indexOf(id);
    if (index >= 0) return index;
    touchpoints.add(id);
    return touchpoints.size() - 1;
  }

  private void readSegments(JsonParser parser) throws IOException {
    List<Integer> segmentOfRule = new ArrayList<>();
    expect(parser.currentToken(), JsonToken.START_ARRAY);
    while (parser.nextToken() == JsonToken.START_OBJECT) {
      String id = null;
      String attribute = null;
      String text = null;
      Boolean flag = null;
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        JsonToken value = parser.nextToken();
        switch (name) {
          case "id" -> id = parser.getText();
          case "attribute" -> attribute = parser.getText();
          case "value" -> {
            if (value == JsonToken.VALUE_TRUE || value == JsonToken.VALUE_FALSE) {
              flag = parser.getBooleanValue();
            } else {
              text = parser.getText();
            }
          }
          default -> parser.skipChildren();
        }
      }
      int segment = segmentNames.declare(id) - 1;
      if (segment == segments.size()) segments.add(id);
      int rule = segmentOfRule.size();
      segmentOfRule.add(segment);
      if (attribute == null) continue;
      SegmentAttribute known = segmentAttributes.computeIfAbsent(attribute, ignored -> new SegmentAttribute());
      if (flag != null) {
        if (flag && known.firstRuleIfTrue == NONE) known.firstRuleIfTrue = rule;
        if (!flag && known.firstRuleIfFalse == NONE) known.firstRuleIfFalse = rule;
      } else if (text != null) {
        int number = known.values.declare(text);
        if (number == known.firstRule.length) {
          known.firstRule = Arrays.copyOf(known.firstRule, number + 1);
          known.firstRule[number] = rule;
        }
      }
    }
    segmentOfSegmentRule = segmentOfRule.stream().mapToInt(Integer::intValue).toArray();
  }

  private void readRules(JsonParser parser) throws IOException {
    expect(parser.currentToken(), JsonToken.START_ARRAY);
    while (parser.nextToken() == JsonToken.START_OBJECT) {
      String touchpoint = null;
      String channel = null;
      String move = null;
      String[] ofTypes = {};
      String[] ofChannels = null;
      String[] ofPaths = null;
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        parser.nextToken();
        switch (name) {
          case "touchpoint" -> touchpoint = parser.getText();
          case "channel" -> channel = parser.getText();
          case "move" -> move = parser.getText();
          case "types" -> ofTypes = readTexts(parser);
          case "channels" -> ofChannels = readTexts(parser);
          case "paths" -> ofPaths = readTexts(parser);
          default -> parser.skipChildren();
        }
      }
      int stage = move == null ? NONE : stages.indexOf(move);
      if (move != null && stage < 0) throw new IOException("the rules have no stage " + move);
      rules.add(new Rule(touchpoint(touchpoint), channel, ofTypes, ofChannels, ofPaths, stage));
    }
  }

  private static String[] readTexts(JsonParser parser) throws IOException {
    expect(parser.currentToken(), JsonToken.START_ARRAY);
    List<String> texts = new ArrayList<>();
    while (parser.nextToken() == JsonToken.VALUE_STRING) texts.add(parser.getText());
    expect(parser.currentToken(), JsonToken.END_ARRAY);
    return texts.toArray(String[]::new);
  }

  private static void expect(JsonToken is, JsonToken should) throws IOException {
    if (is != should) throw new IOException("the rules have " + is + " in the place of " + should);
  }

  private void compile() {
    if (!segments.contains("other")) segments.add("other");
    otherSegment = segments.indexOf("other");
    for (Rule rule : rules) {
      for (String type : rule.types) types.declare(type);
      if (rule.channels != null) Arrays.stream(rule.channels).forEach(channels::declare);
      if (rule.paths != null) Arrays.stream(rule.paths).forEach(paths::declare);
    }
    looksAtPath = new boolean[types.declared() + 1];
    for (Rule rule : rules) {
      for (String type : rule.types) looksAtPath[types.declare(type)] |= rule.paths != null;
    }
    firstRule = new int[types.declared() + 1][];
    for (int type = 0; type < firstRule.length; ++type) {
      int width = looksAtPath[type] ? paths.declared() + 1 : 1;
      firstRule[type] = new int[(channels.declared() + 1) * width];
      Arrays.fill(firstRule[type], NONE);
    }
    touchpointOfRule = new int[rules.size()];
    moveOfRule = new int[rules.size()];
    channelOfRule = new byte[rules.size()][];
    for (int index = 0; index < rules.size(); ++index) {
      Rule rule = rules.get(index);
      touchpointOfRule[index] = rule.touchpoint;
      moveOfRule[index] = rule.move;
      channelOfRule[index] = rule.channel == null ? null : json(rule.channel);
      for (String type : rule.types) enter(index, rule, types.declare(type));
    }
  }

  private void enter(int index, Rule rule, int type) {
    int width = looksAtPath[type] ? paths.declared() + 1 : 1;
    int[] ofChannels = numbers(rule.channels, channels);
    int[] ofPaths = looksAtPath[type] ? numbers(rule.paths, paths) : new int[] {0};
    for (int channel : ofChannels) {
      for (int path : ofPaths) {
        int at = channel * width + path;
        if (firstRule[type][at] == NONE) firstRule[type][at] = index;
      }
    }
  }

  /** Of the texts, or all there are where there is no condition. */
  private static int[] numbers(String[] texts, Names names) {
    if (texts != null) return Arrays.stream(texts).mapToInt(names::declare).toArray();
    int[] all = new int[names.declared() + 1];
    Arrays.setAll(all, number -> number);
    return all;
  }
}
