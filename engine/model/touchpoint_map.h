// The touchpoint map as values: a column for each lifecycle stage, a row for each customer segment, and the
// touchpoints that stand in it. Read from YAML elsewhere; valid by construction once it reaches the engine.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/model/time.h"

namespace touchstone {

/// Ids that no map may use: they name what the map does not know, or a total.
inline constexpr std::string_view kUnmappedId = "unmapped";
inline constexpr std::string_view kOtherId = "other";
inline constexpr std::string_view kAllId = "all";
inline constexpr std::string_view kLapsedId = "lapsed";

/// The channels every map may count under without naming them.
inline constexpr std::string_view kKnownChannels[] = {"web",     "app",      "phone",   "email", "sms",
                                                      "chat",    "store",    "social",  "ad",    "post",
                                                      "billing", "delivery", "product", "survey"};

/// A text for people, by language tag; a plain string of the map stands under "".
using LocalizedText = std::map<std::string, std::string>;

/// A scalar of the map's own, with the same alternatives as an event's, but owning its text.
using OwnedScalar = std::variant<bool, std::int64_t, double, std::string>;

/// What must hold of one field. All parts that are given must hold; a Condition without parts never occurs.
struct Condition {
  std::optional<OwnedScalar> equals;  ///< types must agree, numbers by value
  std::optional<std::string> glob;    ///< a string with * or ?, over the whole text
  std::optional<double> min;          ///< closed range of numbers
  std::optional<double> max;
  std::optional<bool> exists;
  std::optional<std::string> regex;  ///< RE2, matches anywhere; known to compile
  std::vector<Condition> any_of;     ///< a list: any of its conditions
};

/// One field of a predicate: an event's field by its name (`type`, `feedback.csat`), `attributes.NAME`, or,
/// in moves, `customer.stage`, `customer.conversions`, `satisfaction`.
struct FieldCondition {
  std::string field;
  Condition condition;
};

/// All of these hold.
using Conjunction = std::vector<FieldCondition>;
/// One of these holds. Empty: there is no predicate.
using Predicate = std::vector<Conjunction>;

struct Segment {
  std::string id;
  LocalizedText name;
  Predicate when;  ///< empty: only for events that name the segment
};

struct Move {
  std::string to;
  Predicate when;  ///< empty: always
  bool back = false;
};

/// The optimal experience; worse than this is a pain point.
struct Expectation {
  std::optional<double> satisfaction;  ///< 0..1
  std::optional<double> wait_s;        ///< seconds
};

struct Touchpoint {
  std::string id;
  LocalizedText name;
  std::optional<std::string> channel;  ///< counted under; else the event's
  std::string medium;                  ///< digital, communication, human, physical, sensory; or empty
  std::string contact;                 ///< direct, indirect; or empty
  std::string phase;                   ///< before, during, after; or empty
  std::vector<std::string> stages;     ///< the columns it stands in
  Predicate match;                     ///< empty: never observed automatically
  std::vector<std::string> interactions;
  std::string owner;
  std::string process;
  std::vector<std::string> people;
  std::string need;
  std::string outcome;
  std::vector<std::string> data;
  Expectation expect;
  std::vector<Move> moves;
  bool conversion = false;
  bool feedback = false;
};

struct Lifecycle {
  std::vector<std::string> stages = {"awareness",    "knowledge", "consideration", "selection",
                                     "satisfaction", "loyalty",   "advocacy"};
  std::map<std::string, double> weights;  ///< by stage; absent: 1
  Millis lapse_after = std::chrono::days{90};
};

struct TouchpointMap {
  LocalizedText name;
  Lifecycle lifecycle;
  std::vector<Segment> segments;        ///< in the order in which they are tried
  std::vector<Touchpoint> touchpoints;  ///< in the order in which they are tried
};

/// True for `[a-z0-9][a-z0-9._-]*` of at most 64 characters.
[[nodiscard]] bool is_valid_id(std::string_view id);

}  // namespace touchstone
