#include "engine/model/explanation.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>

namespace touchstone {
namespace {

struct Part {
  std::int64_t before_responses = 0;
  std::int64_t before_sum = 0;
  std::int64_t responses = 0;
  std::int64_t sum = 0;
};
using Parts = std::map<std::uint16_t, Part>;

Parts parts_of(const Cell& past, const Cell& now, MeasureKind responses, MeasureKind sum) {
  Parts parts;
  for (const Cell::Amount& each : past.amounts()) {
    if (each.key.kind == responses) parts[each.key.sub].before_responses = each.amount;
    if (each.key.kind == sum) parts[each.key.sub].before_sum = each.amount;
  }
  for (const Cell::Amount& each : now.amounts()) {
    if (each.key.kind == responses) parts[each.key.sub].responses = each.amount;
    if (each.key.kind == sum) parts[each.key.sub].sum = each.amount;
  }
  return parts;
}

double ratio(std::int64_t sum, std::int64_t of) {
  return of == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(of);
}

std::vector<ChangePart> changes(const Parts& parts, std::int64_t change, auto&& id_of) {
  Part all;
  for (const auto& [number, part] : parts) {
    all.before_responses += part.before_responses;
    all.before_sum += part.before_sum;
    all.responses += part.responses;
    all.sum += part.sum;
  }
  if (parts.size() < 2 || all.before_responses <= 0 || all.responses <= 0) return {};
  const double middle = (ratio(all.before_sum, all.before_responses) + ratio(all.sum, all.responses)) / 2;
  std::vector<ChangePart> list;
  std::int64_t left = change;
  const auto tell = [&](ChangePart::What what, const std::string& id, double millionths) {
    const auto whole = static_cast<std::int64_t>(std::llround(millionths));
    if (whole == 0) return;
    list.push_back({what, id, whole});
    left -= whole;
  };
  for (const auto& [number, part] : parts) {
    const double before_weight = ratio(part.before_responses, all.before_responses);
    const double weight = ratio(part.responses, all.responses);
    // A part that was not there before, or is not there now, has no mean of its own then: it only changes the mix.
    const double before_mean = ratio(part.before_responses > 0 ? part.before_sum : part.sum,
                                     part.before_responses > 0 ? part.before_responses : part.responses);
    const double mean = ratio(part.responses > 0 ? part.sum : part.before_sum,
                              part.responses > 0 ? part.responses : part.before_responses);
    const std::string& id = id_of(number);
    tell(ChangePart::What::kWithin, id, (before_weight + weight) / 2 * (mean - before_mean));
    tell(ChangePart::What::kMix, id, ((before_mean + mean) / 2 - middle) * (weight - before_weight));
  }
  if (left != 0) list.push_back({ChangePart::What::kUsual, {}, left});
  const std::int64_t sign = change < 0 ? -1 : 1;
  std::stable_sort(list.begin(), list.end(), [sign](const ChangePart& a, const ChangePart& b) {
    return sign * a.millionths > sign * b.millionths;
  });
  return list;
}

}  // namespace

Explanation explain_change(const Cell& past, const Cell& now, std::int64_t change, const Names& names) {
  Explanation explanation;
  explanation.by_segment =
      changes(parts_of(past, now, MeasureKind::kSegmentResponses, MeasureKind::kSegmentSatisfaction), change,
              [&](std::uint16_t number) -> const std::string& { return names.segments.id(SegmentNo(number)); });
  explanation.by_channel =
      changes(parts_of(past, now, MeasureKind::kChannelResponses, MeasureKind::kChannelSatisfaction), change,
              [&](std::uint16_t number) -> const std::string& { return names.channels.id(ChannelNo(number)); });
  return explanation;
}

}  // namespace touchstone
