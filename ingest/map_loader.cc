#include "ingest/map_loader.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <utility>
#include <variant>

#include "ingest/map_rules.h"
#include "ingest/predicate_reader.h"
#include "ingest/yaml_reader.h"

namespace touchstone {
namespace {

using Word = std::string_view;

constexpr std::array<Word, 5> kMapKeys = {"version", "name", "lifecycle", "segments", "touchpoints"};
constexpr std::array<Word, 3> kLifecycleKeys = {"stages", "weights", "lapse_after"};
constexpr std::array<Word, 3> kSegmentKeys = {"id", "name", "when"};
constexpr std::array<Word, 19> kTouchpointKeys = {
    "id",      "name",   "channel", "medium",  "contact", "phase",  "stages", "match",      "interactions", "owner",
    "process", "people", "need",    "outcome", "data",    "expect", "moves",  "conversion", "feedback"};
constexpr std::array<Word, 2> kExpectKeys = {"satisfaction", "wait_s"};
constexpr std::array<Word, 3> kMoveKeys = {"to", "when", "back"};

constexpr std::array<Word, 5> kMediums = {"digital", "communication", "human", "physical", "sensory"};
constexpr std::array<Word, 2> kContacts = {"direct", "indirect"};
constexpr std::array<Word, 3> kPhases = {"before", "during", "after"};

constexpr std::array<Word, 3> kReservedIds = {kUnmappedId, kOtherId, kAllId};
constexpr std::array<Word, 4> kReservedStages = {kUnmappedId, kOtherId, kAllId, kLapsedId};

constexpr Bounds<double> kNotNegative = {0, std::numeric_limits<double>::max()};

/// True for `en`, `fa`, `pt-BR`: a language of two or three letters, then parts of letters and digits.
bool is_language_tag(std::string_view tag) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_part = [&](char c) { return is_letter(c) || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  const std::size_t language = std::min(tag.find('-'), tag.size());
  if (language < 2 || language > 3 ||
      !std::all_of(tag.begin(), tag.begin() + static_cast<std::ptrdiff_t>(language), is_letter)) {
    return false;
  }
  bool at_start_of_part = false;
  for (const char c : tag.substr(language)) {
    if (c == '-' ? at_start_of_part : !is_part(c)) return false;
    at_start_of_part = c == '-';
  }
  return !at_start_of_part;
}

/// Ids of one kind, each of which occurs once.
class UniqueIds {
 public:
  UniqueIds(Word what, std::span<const Word> reserved) : what_(what), reserved_(reserved) {}

  /// The id, if it is valid, free, and not taken before.
  std::optional<std::string> read(const YamlValue& value) {
    std::optional<std::string> id = value.id();
    if (!id) return std::nullopt;
    if (std::find(reserved_.begin(), reserved_.end(), *id) != reserved_.end()) {
      value.problem(in_quotes(*id) + " is reserved");
      return std::nullopt;
    }
    const auto [first, is_new] = lines_.emplace(*id, value.node().at.line);
    if (is_new) return id;
    value.problem("the " + std::string(what_) + " " + in_quotes(*id) + " stands already in line " +
                  std::to_string(first->second));
    return std::nullopt;
  }

 private:
  Word what_;
  std::span<const Word> reserved_;
  std::map<std::string, int> lines_;
};

/// Reads one map; lifecycle first, because everything else asks which stages there are.
class MapReader {
 public:
  MapReader(Problems& problems, Problems& warnings) : problems_(problems), warnings_(warnings) {}

  [[nodiscard]] TouchpointMap read(const YamlNode& root) {
    const YamlMapping keys(YamlValue(root, {}, problems_), kMapKeys);
    if (const auto version = keys.need("version")) read_version(*version);
    if (const auto name = keys.find("name")) map_.name = localized(*name);
    if (const auto lifecycle = keys.find("lifecycle")) read_lifecycle(*lifecycle);
    if (const auto segments = keys.find("segments")) read_segments(*segments);
    if (const auto touchpoints = keys.need("touchpoints")) read_touchpoints(*touchpoints);
    return std::move(map_);
  }

 private:
  static void read_version(const YamlValue& value) {
    const auto* version = value.kind() == YamlKind::kScalar ? std::get_if<std::int64_t>(&value.node().scalar) : nullptr;
    if (version == nullptr || *version != 1)
      value.problem("must be 1, the only version there is, found " + description(value.node()));
  }

  static LocalizedText localized(const YamlValue& value) {
    LocalizedText names;
    if (value.kind() != YamlKind::kMapping) {
      if (std::optional<std::string> plain = value.text()) names.emplace("", std::move(*plain));
      return names;
    }
    const auto entries = entries_of(value);
    if (entries.empty()) value.problem("has no language");
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const auto& [tag, text] = entries[i];
      if (!is_language_tag(tag)) {
        value.problems().add(value.node().entries[i].first->at, value.path(),
                             in_quotes(tag) + " is not a language tag such as en, fa or pt-BR");
      }
      if (std::optional<std::string> name = text.text()) names.emplace(tag, std::move(*name));
    }
    return names;
  }

  void read_lifecycle(const YamlValue& value) {
    const YamlMapping keys(value, kLifecycleKeys);
    if (const auto stages = keys.find("stages")) read_lifecycle_stages(*stages);
    if (const auto weights = keys.find("weights")) read_weights(*weights);
    if (const auto lapse_after = keys.find("lapse_after")) {
      map_.lifecycle.lapse_after = lapse_after->duration({"1ms", "36500d"}).value_or(map_.lifecycle.lapse_after);
    }
  }

  void read_lifecycle_stages(const YamlValue& value) {
    UniqueIds ids("stage", kReservedStages);
    const std::vector<YamlValue> items = value.items();
    map_.lifecycle.stages.clear();
    for (const YamlValue& item : items) {
      if (std::optional<std::string> id = ids.read(item)) map_.lifecycle.stages.push_back(std::move(*id));
    }
    if (value.kind() == YamlKind::kSequence && (items.size() < kFewestStages || items.size() > kMostStages)) {
      value.problem("needs 2 to 12 stages, found " + std::to_string(items.size()));
    }
  }

  void read_weights(const YamlValue& value) {
    const auto entries = entries_of(value);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const auto& [stage, weight] = entries[i];
      (void)check_stage(stage, value, value.node().entries[i].first->at);
      if (const auto number = weight.number(kNotNegative)) map_.lifecycle.weights.emplace(stage, *number);
    }
  }

  /// Whether the map has that stage; if not, it is a problem of `value`, at the given position.
  [[nodiscard]] bool check_stage(const std::string& stage, const YamlValue& value, Position at) const {
    const auto& stages = map_.lifecycle.stages;
    if (std::find(stages.begin(), stages.end(), stage) != stages.end()) return true;
    const std::vector<Word> names(stages.begin(), stages.end());
    value.problems().add(at, value.path(), in_quotes(stage) + " is not a stage" + suggestion(stage, names));
    return false;
  }

  [[nodiscard]] Predicate predicate(const YamlValue& value, PredicateFor use) const {
    return read_predicate(value, {use, map_.lifecycle.stages, warnings_});
  }

  /// The items of a list that has a limit.
  static std::vector<YamlValue> at_most(std::size_t most, const YamlValue& value) {
    std::vector<YamlValue> items = value.items();
    if (items.size() > most) {
      value.problem("has " + std::to_string(items.size()) + " entries, at most " + std::to_string(most) +
                    " are possible");
      items.erase(items.begin() + static_cast<std::ptrdiff_t>(most), items.end());
    }
    return items;
  }

  void read_segments(const YamlValue& value) {
    UniqueIds ids("segment", kReservedIds);
    std::vector<OrderedRule> rules;
    const std::vector<YamlValue> items = at_most(kMostSegments, value);
    map_.segments.reserve(items.size());  // the rules point into it
    for (const YamlValue& item : items) {
      const YamlMapping keys(item, kSegmentKeys);
      Segment& segment = map_.segments.emplace_back();
      if (const auto id = keys.need("id")) segment.id = ids.read(*id).value_or("");
      if (const auto name = keys.find("name")) segment.name = localized(*name);
      if (const auto when = keys.find("when")) {
        segment.when = predicate(*when, PredicateFor::kEvent);
        rules.push_back({"segment " + in_quotes(segment.id), &segment.when, when->node().at, when->path()});
      }
    }
    warn_of_dead_rules(rules, warnings_);
  }

  void read_touchpoints(const YamlValue& value) {
    UniqueIds ids("touchpoint", kReservedIds);
    std::vector<OrderedRule> rules;
    const std::vector<YamlValue> items = at_most(kMostTouchpoints, value);
    map_.touchpoints.reserve(items.size());  // the rules point into it
    for (const YamlValue& item : items) {
      const YamlMapping keys(item, kTouchpointKeys);
      Touchpoint& touchpoint = map_.touchpoints.emplace_back();
      if (const auto id = keys.need("id")) touchpoint.id = ids.read(*id).value_or("");
      read_place(keys, touchpoint);
      read_description(keys, touchpoint);
      read_meaning(keys, touchpoint);
      if (const auto match = keys.find("match")) {
        touchpoint.match = predicate(*match, PredicateFor::kEvent);
        rules.push_back({"touchpoint " + in_quotes(touchpoint.id), &touchpoint.match, match->node().at, match->path()});
      }
    }
    warn_of_dead_rules(rules, warnings_);
  }

  /// Where the touchpoint stands in the map.
  void read_place(const YamlMapping& keys, Touchpoint& touchpoint) const {
    if (const auto channel = keys.find("channel")) touchpoint.channel = channel->id();
    if (const auto medium = keys.find("medium")) touchpoint.medium = medium->one_of(kMediums).value_or("");
    if (const auto contact = keys.find("contact")) touchpoint.contact = contact->one_of(kContacts).value_or("");
    if (const auto phase = keys.find("phase")) touchpoint.phase = phase->one_of(kPhases).value_or("");
    const auto stages = keys.find("stages");
    if (!stages) return;
    for (const YamlValue& item : stages->items()) {
      const std::optional<std::string> stage = item.text();
      if (!stage || !check_stage(*stage, item, item.node().at)) continue;
      if (std::find(touchpoint.stages.begin(), touchpoint.stages.end(), *stage) != touchpoint.stages.end()) {
        item.problem("the stage " + in_quotes(*stage) + " stands twice in this list");
      }
      touchpoint.stages.push_back(*stage);
    }
  }

  /// What people say about the touchpoint; the engine shows it and asks nothing of it.
  static void read_description(const YamlMapping& keys, Touchpoint& touchpoint) {
    if (const auto name = keys.find("name")) touchpoint.name = localized(*name);
    const std::array<std::pair<Word, std::string*>, 4> texts = {{{"owner", &touchpoint.owner},
                                                                 {"process", &touchpoint.process},
                                                                 {"need", &touchpoint.need},
                                                                 {"outcome", &touchpoint.outcome}}};
    for (const auto& [key, text] : texts) {
      if (const auto value = keys.find(key)) *text = value->text().value_or("");
    }
    const std::array<std::pair<Word, std::vector<std::string>*>, 3> lists = {
        {{"interactions", &touchpoint.interactions}, {"people", &touchpoint.people}, {"data", &touchpoint.data}}};
    for (const auto& [key, list] : lists) {
      if (const auto value = keys.find(key)) *list = value->texts();
    }
  }

  /// What an interaction there means for the customer's journey.
  void read_meaning(const YamlMapping& keys, Touchpoint& touchpoint) const {
    if (const auto conversion = keys.find("conversion")) touchpoint.conversion = conversion->boolean().value_or(false);
    if (const auto feedback = keys.find("feedback")) touchpoint.feedback = feedback->boolean().value_or(false);
    if (const auto expect = keys.find("expect")) {
      const YamlMapping expected(*expect, kExpectKeys);
      if (const auto satisfaction = expected.find("satisfaction")) {
        touchpoint.expect.satisfaction = satisfaction->number({0, 1});
      }
      if (const auto wait = expected.find("wait_s")) touchpoint.expect.wait_s = wait->number(kNotNegative);
    }
    if (const auto moves = keys.find("moves")) read_moves(*moves, touchpoint);
  }

  void read_moves(const YamlValue& value, Touchpoint& touchpoint) const {
    static const Predicate kAlways = {{}};
    std::vector<OrderedRule> rules;
    const std::vector<YamlValue> items = at_most(kMostMoves, value);
    touchpoint.moves.reserve(items.size());  // the rules point into it
    for (const YamlValue& item : items) {
      const YamlMapping keys(item, kMoveKeys);
      Move& move = touchpoint.moves.emplace_back();
      if (const auto to = keys.need("to")) {
        move.to = to->text().value_or("");
        if (!move.to.empty()) (void)check_stage(move.to, *to, to->node().at);
      }
      if (const auto back = keys.find("back")) move.back = back->boolean().value_or(false);
      const auto when = keys.find("when");
      if (when) move.when = predicate(*when, PredicateFor::kMove);
      rules.push_back({"the move to " + in_quotes(move.to), when ? &move.when : &kAlways, item.node().at, item.path()});
    }
    warn_of_dead_rules(rules, warnings_);
  }

  Problems& problems_;
  Problems& warnings_;
  TouchpointMap map_;
};

}  // namespace

MapLoaded load_map(const YamlDocument& document) {
  MapLoaded loaded;
  Problems problems(document.file());
  Problems warnings(document.file());
  TouchpointMap map;
  if (document.root() != nullptr) map = MapReader(problems, warnings).read(*document.root());
  loaded.problems = problems.take();
  loaded.problems.insert(loaded.problems.end(), document.problems().begin(), document.problems().end());
  sort_by_position(loaded.problems);
  loaded.warnings = warnings.take();
  if (loaded.problems.empty()) loaded.map = std::move(map);
  return loaded;
}

MapLoaded load_map(const std::string& path) { return load_map(YamlDocument::from_file(path)); }

MapLoaded load_map_text(std::string_view text, std::string file) {
  return load_map(YamlDocument::from_text(text, std::move(file)));
}

}  // namespace touchstone
