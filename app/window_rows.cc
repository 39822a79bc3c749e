#include "app/window_rows.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include <boost/json.hpp>

#include "engine/model/fixed.h"

namespace touchstone {
namespace {

using boost::json::object;

/// The parts of `window/scope/id/segment`; no id holds a slash.
std::optional<std::array<std::string_view, 4>> split_key(std::string_view key) {
  std::array<std::string_view, 4> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t slash = key.find('/');
    if ((slash == std::string_view::npos) != (i + 1 == parts.size())) return std::nullopt;
    parts[i] = key.substr(0, slash);
    if (slash != std::string_view::npos) key.remove_prefix(slash + 1);
  }
  return parts;
}

/// A number as fixed point; 0 where there is none.
std::int64_t fixed_of(const object& from, std::string_view name, int decimals) {
  const auto* found = from.if_contains({name.data(), name.size()});
  if (found == nullptr || !found->is_number()) return 0;
  return std::llround(found->to_number<double>() * static_cast<double>(power_of_ten(decimals)));
}

std::int64_t count_of(const object& from, std::string_view name) { return fixed_of(from, name, 0); }

const object* object_of(const object& from, std::string_view name) {
  const auto* found = from.if_contains({name.data(), name.size()});
  return found == nullptr ? nullptr : found->if_object();
}

Measures measures_of(const object& row, const Rules& rules) {
  Measures measures;
  measures.interactions = count_of(row, "interactions");
  measures.customers = count_of(row, "customers");
  measures.conversions = count_of(row, "conversions");
  measures.value = fixed_of(row, "value", kMoneyDecimals);
  if (const auto* rated = object_of(row, "satisfaction")) {
    measures.satisfaction = Mean{count_of(*rated, "responses"), fixed_of(*rated, "mean", kMillionthDecimals)};
  }
  if (const auto* waited = object_of(row, "wait_s")) {
    measures.wait = Lengths{count_of(*waited, "count"), fixed_of(*waited, "p50", kSecondsDecimals),
                            fixed_of(*waited, "p90", kSecondsDecimals), fixed_of(*waited, "p99", kSecondsDecimals)};
  }
  if (const auto* stages = object_of(row, "stages")) {
    for (const auto& [id, count] : *stages) {
      const auto stage = rules.stages().find({id.data(), id.size()});
      if (stage) measures.stages.push_back({*stage, count.to_number<std::int64_t>()});
    }
  }
  if (const auto* credit = object_of(row, "credit")) {
    for (std::size_t model = 0; model < kCreditModelNames.size(); ++model) {
      const auto* sum = object_of(*credit, kCreditModelNames[model]);
      if (sum == nullptr) continue;
      measures.credit.push_back(
          {static_cast<CreditModel>(model), fixed_of(*sum, "conversions", kMillionthDecimals), WideInt{0}});
    }
  }
  return measures;
}

}  // namespace

void WindowRows::take(std::string_view key, std::string_view value) {
  const auto parts = split_key(key);
  if (!parts || (*parts)[0] != window_) return;
  const auto* const scope = std::find(kScopeNames.begin(), kScopeNames.end(), (*parts)[1]);
  if (scope == kScopeNames.end()) return;
  const object row = boost::json::parse({value.data(), value.size()}).as_object();
  if (const auto* end = row.if_contains("end"); end != nullptr && end->is_string()) {
    end_ = std::max(end_, std::string(end->as_string()));
  }
  rows_[{static_cast<Scope>(scope - kScopeNames.begin()), std::string((*parts)[2]), std::string((*parts)[3])}] =
      measures_of(row, rules_);
}

const Measures& WindowRows::row(Scope scope, std::string_view id, std::string_view segment) const {
  static const Measures kNothing;
  const auto found = rows_.find({scope, std::string(id), std::string(segment)});
  return found == rows_.end() ? kNothing : found->second;
}

}  // namespace touchstone
