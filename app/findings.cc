#include "app/findings.h"

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "engine/model/fixed.h"

namespace touchstone {
namespace {

/// Fewer responses or waits say little about a touchpoint.
constexpr std::int64_t kEnough = 5;
/// A smaller spread between channels is not worth a word.
constexpr double kUnevenFrom = 0.1;

double fraction(const Mean& mean) { return static_cast<double>(mean.millionths) / static_cast<double>(kMillion); }

class Printer {
 public:
  Printer(const SegmentReading& reading, const Rules& rules, Colours colours, std::size_t most, std::ostream& out)
      : reading_(reading), rules_(rules), colours_(colours), most_(most), out_(out) {}

  void print() {
    print_pain_points();
    print_waits();
    print_use(Use::kOverUsed, "over-used");
    print_use(Use::kUnderUsed, "under-used");
    print_uneven_stages();
    print_obstacles();
    print_silent();
    if (reading_.unmapped_share > 0) {
      fmt::print(out_, "unmapped     {:.1f} % of interactions\n", 100 * reading_.unmapped_share);
    }
  }

 private:
  using Found = std::vector<const TouchpointReading*>;

  [[nodiscard]] const std::string& id(const TouchpointReading& seen) const {
    return rules_.touchpoints().id(seen.touchpoint);
  }
  [[nodiscard]] const Expectation& expectation(const TouchpointReading& seen) const {
    return rules_.map().touchpoints[seen.touchpoint.value()].expect;
  }
  [[nodiscard]] std::string_view red() const { return colours_ == Colours::kAnsi ? "\033[31m" : ""; }
  [[nodiscard]] std::string_view plain() const { return colours_ == Colours::kAnsi ? "\033[0m" : ""; }

  template <typename Picked, typename Before>
  [[nodiscard]] Found find(const Picked& picked, const Before& before) const {
    Found found;
    for (const TouchpointReading& seen : reading_.touchpoints) {
      if (picked(seen)) found.push_back(&seen);
    }
    std::stable_sort(found.begin(), found.end(), [&](const auto* a, const auto* b) { return before(*a, *b); });
    if (found.size() > most_) found.resize(most_);
    return found;
  }

  void print_pain_points() {
    const auto below = [&](const TouchpointReading& seen) {
      return *expectation(seen).satisfaction - fraction(*seen.satisfaction);
    };
    const Found found = find(
        [](const TouchpointReading& seen) {
          return seen.satisfaction && seen.satisfaction->responses >= kEnough &&
                 (seen.satisfaction_standing == Standing::kWorse ||
                  seen.satisfaction_standing == Standing::kSurelyWorse);
        },
        [&](const auto& a, const auto& b) { return below(a) > below(b); });
    const bool any_judged =
        std::any_of(reading_.touchpoints.begin(), reading_.touchpoints.end(), [](const TouchpointReading& seen) {
          return seen.satisfaction_standing != Standing::kUnknown && seen.satisfaction->responses >= kEnough;
        });
    fmt::print(out_, "pain points  {}\n",
               !found.empty() ? "satisfaction, its 95 % interval, and what the map expects"
               : any_judged   ? "none: nothing is worse than the map expects"
                              : "unknown: nothing that the map expects something of was rated often enough");
    for (const TouchpointReading* seen : found) {
      fmt::print(out_, "  {:<20} {}{:.2f}{} ({:.2f}..{:.2f}) of {:.2f}, {} responses{}\n", id(*seen), red(),
                 fraction(*seen->satisfaction), plain(), seen->interval->low, seen->interval->high,
                 *expectation(*seen).satisfaction, seen->satisfaction->responses,
                 seen->satisfaction_standing == Standing::kSurelyWorse ? "" : ", may be chance");
    }
  }

  void print_waits() {
    const Found found =
        find([](const auto& seen) { return seen.wait_standing == Standing::kWorse && seen.wait->count >= kEnough; },
             [](const auto& a, const auto& b) { return a.wait->p50_ms > b.wait->p50_ms; });
    if (!found.empty()) fmt::print(out_, "slow         median wait, and what the map expects\n");
    for (const TouchpointReading* seen : found) {
      fmt::print(out_, "  {:<20} {}{:.0f} s{} of {:.0f} s, {} waits\n", id(*seen), red(),
                 static_cast<double>(seen->wait->p50_ms) / 1'000, plain(), *expectation(*seen).wait_s,
                 seen->wait->count);
    }
  }

  void print_use(Use use, std::string_view title) {
    const Found found = find([&](const auto& seen) { return seen.use == use; },
                             [](const auto& a, const auto& b) { return a.interactions > b.interactions; });
    if (!found.empty()) fmt::print(out_, "{:<12} share of interactions, and of the credit for conversions\n", title);
    for (const TouchpointReading* seen : found) {
      fmt::print(out_, "  {:<20} {:.1f} %, {:.1f} %\n", id(*seen), 100 * *seen->share_of_interactions,
                 100 * seen->share_of_credit.value_or(0));
    }
  }

  void print_uneven_stages() {
    bool titled = false;
    for (const StageReading& stage : reading_.stages) {
      if (!stage.spread || *stage.spread < kUnevenFrom) continue;
      if (!std::exchange(titled, true)) fmt::print(out_, "uneven       satisfaction by channel within a stage\n");
      const ChannelReading& best = stage.channels.front();
      const ChannelReading& worst = stage.channels.back();
      fmt::print(out_, "  {:<20} {} {:.2f}, {} {:.2f}\n", rules_.stages().id(stage.stage), best.channel,
                 fraction(best.satisfaction), worst.channel, fraction(worst.satisfaction));
    }
  }

  void print_obstacles() {
    std::int64_t all = 0;
    for (const TouchpointReading& seen : reading_.touchpoints) all += seen.lapses;
    const Found found = find([](const auto& seen) { return seen.lapses > 0; },
                             [](const auto& a, const auto& b) { return a.lapses > b.lapses; });
    if (!found.empty()) fmt::print(out_, "obstacles    where customers were last seen before they lapsed\n");
    for (const TouchpointReading* seen : found) {
      fmt::print(out_, "  {:<20} {} of {}\n", id(*seen), seen->lapses, all);
    }
  }

  void print_silent() {
    if (reading_.silent.empty()) return;
    std::string ids;
    for (std::size_t i = 0; i < std::min(most_, reading_.silent.size()); ++i) {
      ids += (ids.empty() ? "" : ", ") + rules_.touchpoints().id(reading_.silent[i]);
    }
    if (reading_.silent.size() > most_) ids += fmt::format(" and {} more", reading_.silent.size() - most_);
    fmt::print(out_, "silent       {}\n", ids);
  }

  const SegmentReading& reading_;
  const Rules& rules_;
  Colours colours_;
  std::size_t most_;
  std::ostream& out_;
};

}  // namespace

void print_findings(const SegmentReading& reading, const Rules& rules, Colours colours, std::size_t most,
                    std::ostream& out) {
  Printer(reading, rules, colours, most, out).print();
}

}  // namespace touchstone
