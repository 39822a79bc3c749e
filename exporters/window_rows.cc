#include "exporters/window_rows.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

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

std::string_view text_of(const object& from, std::string_view name) {
  const auto* found = from.if_contains({name.data(), name.size()});
  const auto* text = found == nullptr ? nullptr : found->if_string();
  return text == nullptr ? std::string_view{} : std::string_view(text->data(), text->size());
}

std::optional<object> read_row(std::string_view value) {
  boost::system::error_code failed;
  boost::json::value read = boost::json::parse({value.data(), value.size()}, failed);
  if (failed || !read.is_object()) return std::nullopt;
  return std::move(read.as_object());
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
      if (stage && count.is_int64()) measures.stages.push_back({*stage, count.as_int64()});
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
  if (const auto row = read_row(value)) keep((*parts)[1], (*parts)[2], (*parts)[3], *row);
}

void WindowRows::take(std::string_view value) {
  const auto row = read_row(value);
  if (!row || text_of(*row, "window") != window_) return;
  keep(text_of(*row, "scope"), text_of(*row, "id"), text_of(*row, "segment"), *row);
}

void WindowRows::keep(std::string_view scope, std::string_view id, std::string_view segment,
                      const boost::json::object& row) {
  const auto* const known = std::find(kScopeNames.begin(), kScopeNames.end(), scope);
  if (known == kScopeNames.end()) return;
  end_ = std::max(end_, std::string(text_of(row, "end")));
  rows_[{static_cast<Scope>(known - kScopeNames.begin()), std::string(id), std::string(segment)}] =
      measures_of(row, rules_);
}

const Measures& WindowRows::row(Scope scope, std::string_view id, std::string_view segment) const {
  static const Measures kNothing;
  const auto found = rows_.find({scope, std::string(id), std::string(segment)});
  return found == rows_.end() ? kNothing : found->second;
}

}  // namespace touchstone
