// What the event decoder asks of a JSON document: scalars, absence, and of a name given twice the first.
//
// Only for the decoder; a value lives as long as the document it was found in.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>
#include <optional>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include "engine/model/event.h"

namespace touchstone::json {

namespace dom = simdjson::dom;

/// Up to so many names are searched for repetitions one by one; more of them are sorted, because a record may
/// hold a hundred thousand.
inline constexpr std::size_t kFewNames = 16;

/// A value of the document; nothing where the record has none.
using Value = std::optional<dom::element>;

/// Null and the empty string count as absent.
inline bool is_absent(const Value& value) {
  return !value || value->is_null() || (value->is_string() && value->get_string().value_unsafe().empty());
}

/// The text of a string; empty for anything else.
inline std::string_view text_in(const Value& value) {
  std::string_view text;
  if (!value || value->get_string().get(text) != simdjson::SUCCESS) return {};
  return text;
}

/// The scalar of a value that is there; nothing for an object or an array.
inline std::optional<Scalar> scalar_of(const dom::element& value) {
  switch (value.type()) {
    case dom::element_type::STRING:
      return value.get_string().value_unsafe();
    case dom::element_type::INT64:
      return value.get_int64().value_unsafe();
    case dom::element_type::UINT64:  // only from 2^63 on
      return static_cast<double>(value.get_uint64().value_unsafe());
    case dom::element_type::DOUBLE:
      return value.get_double().value_unsafe();
    case dom::element_type::BOOL:
      return value.get_bool().value_unsafe();
    case dom::element_type::NULL_VALUE:
      return Scalar{};
    case dom::element_type::ARRAY:
    case dom::element_type::OBJECT:
      break;
  }
  return std::nullopt;
}

/// The values of these keys, each at the place of its key: of a key given twice the first, whatever it holds.
template <std::size_t N>
std::array<Value, N> first_of_each(const dom::object& object, const std::array<std::string_view, N>& keys) {
  std::array<Value, N> values{};
  for (const dom::key_value_pair field : object) {
    const auto* const key = std::find(keys.begin(), keys.end(), field.key);
    if (key == keys.end()) continue;
    Value& value = values[static_cast<std::size_t>(key - keys.begin())];
    if (!value) value = field.value;
  }
  return values;
}

struct Named {
  std::string_view name;
  dom::element value;
};

/// Tells for each of many names whether an earlier one is the same.
inline std::vector<bool> repeated_among(const std::vector<Named>& named) {
  std::vector<std::size_t> order(named.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return named[a].name < named[b].name; });
  std::vector<bool> repeated(named.size());
  for (std::size_t i = 1; i < order.size(); ++i) {
    repeated[order[i]] = named[order[i]].name == named[order[i - 1]].name;
  }
  return repeated;
}

/// Fills `named` with the object's fields in their order, of each name the first.
inline void collect_first_of_each(const dom::object& object, std::vector<Named>& named) {
  named.clear();
  for (const dom::key_value_pair field : object) named.push_back({field.key, field.value});
  if (named.size() <= kFewNames) {
    auto end = named.begin();
    for (const Named& next : named) {
      const auto same = [&](const Named& earlier) { return earlier.name == next.name; };
      if (std::none_of(named.begin(), end, same)) *end++ = next;
    }
    named.erase(end, named.end());
    return;
  }
  const std::vector<bool> repeated = repeated_among(named);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < named.size(); ++i) {
    if (!repeated[i]) named[kept++] = named[i];
  }
  named.erase(named.begin() + static_cast<std::ptrdiff_t>(kept), named.end());
}

}  // namespace touchstone::json
