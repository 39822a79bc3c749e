// The touchpoint map read as an analyst would read it: for each segment and stage how its touchpoints do against what
// the company expects of them, which are used more than they earn, where customers stop, and what the map does not
// know. A pure function of the rows of one closed window; everything it says can be recomputed from them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/model/cell.h"
#include "engine/model/row.h"
#include "engine/model/rules.h"

namespace touchstone {

/// What the reading is made of.
struct MapFigures {
  std::map<CellKey, Measures> rows;  ///< the current row of each cell
  /// How many customers were last seen at a touchpoint before they lapsed; by touchpoint and segment id, and `all`.
  std::map<std::pair<std::string, std::string>, std::int64_t> lapses;
};

/// Of a mean: covers the true one in at least 95 of 100 cases.
struct Interval {
  double low;
  double high;
};

/// The interval of Wilson (1927) for a mean of ratings in 0..1. It is exact for ratings of only 0 and 1; no others with
/// this mean vary more, so for them it is wider than need be. `responses` > 0.
[[nodiscard]] Interval interval_of(double mean, std::int64_t responses);

/// How a measure stands against what the map expects of it.
enum class Standing : std::uint8_t {
  kUnknown,  ///< nothing expected or nothing measured
  kMet,
  kWorse,       ///< a pain point, as far as these responses tell
  kSurelyWorse  ///< a pain point, and the whole interval lies on the wrong side
};
[[nodiscard]] Standing standing_of(double mean, const Interval& interval, double expected);

/// Share of interactions against share of credit, among the touchpoints that can earn credit.
enum class Use : std::uint8_t {
  kUnknown,  ///< too little to say: under 30 interactions in all or under 10 conversions
  kFair,
  kOverUsed,   ///< its share of credit is under half its share of interactions; one of the two is 1 % or more
  kUnderUsed,  ///< its share of credit is over twice its share of interactions; one of the two is 1 % or more
};

struct TouchpointReading {
  TouchpointNo touchpoint;
  std::int64_t interactions = 0;
  std::int64_t customers = 0;
  std::optional<Mean> satisfaction;
  std::optional<Interval> interval;
  Standing satisfaction_standing = Standing::kUnknown;
  std::optional<Lengths> wait;
  Standing wait_standing = Standing::kUnknown;  ///< the median against expect.wait_s; never kSurelyWorse
  std::optional<double> share_of_interactions;  ///< among those that can earn credit
  std::optional<double> share_of_credit;
  Use use = Use::kUnknown;
  std::int64_t lapses = 0;  ///< customers last seen here before they lapsed
};

/// Satisfaction with one channel within a stage, over the touchpoints that stand in the stage.
struct ChannelReading {
  std::string channel;
  Mean satisfaction;
};

/// A touchpoint within a stage.
struct StageTouchpoint {
  TouchpointNo touchpoint;
  std::int64_t interactions = 0;  ///< of customers in this stage
  bool declared = false;          ///< the map lets it stand here
};

struct StageReading {
  StageNo stage;
  std::int64_t interactions = 0;
  std::int64_t customers = 0;
  std::optional<Mean> satisfaction;
  double share = 0;                          ///< of the segment's interactions
  double weight_share = 0;                   ///< of the lifecycle's weights
  std::vector<StageTouchpoint> touchpoints;  ///< declared for the stage or seen in it, in map order
  std::vector<ChannelReading> channels;      ///< those rated, best first
  std::optional<double> spread;  ///< of satisfaction between the best and the worst channel; absent for fewer than two
};

struct SegmentReading {
  std::string segment;  ///< `all` for all together
  std::int64_t interactions = 0;
  std::int64_t customers = 0;
  std::int64_t conversions = 0;
  std::vector<StageReading> stages;            ///< all, in lifecycle order
  std::vector<TouchpointReading> touchpoints;  ///< seen, rated, credited or left, in map order, `unmapped` last
  std::vector<TouchpointNo> silent;            ///< the others that the map declares
  double unmapped_share = 0;                   ///< of interactions
};

/// In map order, then `other`, then `all`. `model` is the one that credit shares are taken from.
[[nodiscard]] std::vector<SegmentReading> read_map(const Rules& rules, const MapFigures& figures, CreditModel model);

}  // namespace touchstone
