#include "engine/flow/renumbering.h"

#include <optional>
#include <vector>

namespace touchstone {
namespace {

template <typename Number>
class Table {
 public:
  Table(const Dictionary<Number>& from, const Dictionary<Number>& to) {
    numbers_.reserve(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
      numbers_.push_back(to.find(from.id(Number(static_cast<std::uint16_t>(i)))));
    }
  }
  [[nodiscard]] std::optional<Number> of(Number number) const { return numbers_[number.value()]; }

 private:
  std::vector<std::optional<Number>> numbers_;
};

class Renumbering {
 public:
  Renumbering(const Names& from, const Names& to)
      : touchpoints_(from.touchpoints, to.touchpoints),
        channels_(from.channels, to.channels),
        segments_(from.segments, to.segments),
        stages_(from.stages, to.stages) {}

  [[nodiscard]] std::optional<TouchpointNo> of(TouchpointNo number) const { return touchpoints_.of(number); }
  [[nodiscard]] std::optional<SegmentNo> of(SegmentNo number) const { return segments_.of(number); }
  [[nodiscard]] std::optional<StagePlace> of(const StagePlace& place) const {
    if (place.kind != StagePlace::Kind::kStage) return place;
    const auto stage = stages_.of(place.stage);
    return stage ? std::optional(StagePlace{place.kind, *stage}) : std::nullopt;
  }
  [[nodiscard]] std::optional<Counts::Interaction> of(const Counts::Interaction& key) const {
    const auto touchpoint = of(key.touchpoint);
    const auto channel = channels_.of(key.channel);
    const auto segment = of(key.segment);
    const auto stage = stages_.of(key.stage);
    if (!touchpoint || !channel || !segment || !stage) return std::nullopt;
    return Counts::Interaction{*touchpoint, *channel, *segment, *stage};
  }
  [[nodiscard]] std::optional<Counts::Move> of(const Counts::Move& key) const {
    const auto from = of(key.from);
    const auto to = of(key.to);
    const auto segment = of(key.segment);
    if (!from || !to || !segment) return std::nullopt;
    return Counts::Move{*from, *to, *segment};
  }
  [[nodiscard]] std::optional<Counts::CreditTo> of(const Counts::CreditTo& key) const {
    const auto touchpoint = of(key.touchpoint);
    const auto segment = of(key.segment);
    if (!touchpoint || !segment) return std::nullopt;
    return Counts::CreditTo{key.model, *touchpoint, *segment};
  }
  [[nodiscard]] std::optional<Counts::Rating> of(const Counts::Rating& key) const {
    const auto touchpoint = of(key.touchpoint);
    const auto segment = of(key.segment);
    if (!touchpoint || !segment) return std::nullopt;
    return Counts::Rating{*touchpoint, *segment, key.kind};
  }
  [[nodiscard]] std::optional<Counts::Rated> of(const Counts::Rated& key) const {
    const auto touchpoint = of(key.touchpoint);
    const auto segment = of(key.segment);
    if (!touchpoint || !segment) return std::nullopt;
    return Counts::Rated{*touchpoint, *segment};
  }
  [[nodiscard]] std::optional<std::pair<StagePlace, SegmentNo>> of(const std::pair<StagePlace, SegmentNo>& key) const {
    const auto place = of(key.first);
    const auto segment = of(key.second);
    if (!place || !segment) return std::nullopt;
    return std::pair(*place, *segment);
  }

  template <typename Key, typename Amount>
  void apply(std::map<Key, Amount>& counts) const {
    std::map<Key, Amount> result;
    for (auto& [key, amount] : counts) {
      if (const auto here = of(key)) result.emplace(*here, std::move(amount));
    }
    counts = std::move(result);
  }

 private:
  Table<TouchpointNo> touchpoints_;
  Table<ChannelNo> channels_;
  Table<SegmentNo> segments_;
  Table<StageNo> stages_;
};

}  // namespace

Counts renumbered(Counts counts, const std::shared_ptr<const Rules>& to) {
  if (!counts.rules || !to || counts.rules == to) return counts;
  const Renumbering numbers(counts.rules->names(), to->names());
  numbers.apply(counts.interactions);
  numbers.apply(counts.conversions);
  numbers.apply(counts.transitions);
  numbers.apply(counts.credit_millionths);
  numbers.apply(counts.ratings);
  numbers.apply(counts.satisfaction);
  counts.rules = to;
  return counts;
}

StageCustomers renumbered(const StageCustomers& customers, const Rules& from, const Rules& to) {
  StageCustomers result = customers;
  Renumbering(from.names(), to.names()).apply(result);
  return result;
}

}  // namespace touchstone
