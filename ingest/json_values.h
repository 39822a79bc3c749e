// What the event decoder asks of a JSON document: scalars, absence, and of a name given twice the first.
//
// Only for the decoder; a value lives as long as the document it was found in.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
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

/// The text of a string; empty for anything else.
inline std::string_view text_in(const Value& value) {
  std::string_view text;
  if (!value || value->get_string().get(text) != simdjson::SUCCESS) return {};
  return text;
}

/// The scalar of a value, absent for null and the empty string; nothing for an object or an array.
inline std::optional<Scalar> scalar_of(const dom::element& value) {
  switch (value.type()) {
    case dom::element_type::STRING: {
      const std::string_view text = value.get_string().value_unsafe();
      return text.empty() ? Scalar{} : Scalar{text};
    }
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

/// True where there is nothing, or null or the empty string.
inline bool is_absent(const Value& value) {
  if (!value) return true;
  const std::optional<Scalar> scalar = scalar_of(*value);
  return scalar && !is_present(*scalar);
}

/// A closed list of keys that is asked about every key of every record: one comparison tells whether a key is
/// of the list.
template <std::size_t N>
class KeyList {
 public:
  /// Tries multipliers until no two keys share a slot; a list for which there is none does not compile.
  consteval explicit KeyList(const std::array<std::string_view, N>& keys) : keys_(keys) {
    while (!place_all()) ++multiplier_;
  }

  /// The place of the key in the list; nothing for a key that is not in it.
  [[nodiscard]] constexpr std::optional<std::size_t> find(std::string_view key) const {
    if (key.size() < 2) return std::nullopt;
    const std::uint8_t place = slots_[slot_of(key)];
    if (place == kEmpty || keys_[place] != key) return std::nullopt;
    return place;
  }

 private:
  static constexpr std::uint8_t kEmpty = 0xFF;
  static constexpr std::size_t kSlots = 64;
  static_assert(N < kSlots);

  [[nodiscard]] constexpr std::size_t slot_of(std::string_view key) const {
    const auto first = static_cast<unsigned char>(key[0]);
    const auto second = static_cast<unsigned char>(key[1]);
    return (multiplier_ * (key.size() + 2 * first) + second) % kSlots;
  }
  constexpr bool place_all() {
    slots_.fill(kEmpty);
    for (std::size_t i = 0; i < N; ++i) {
      std::uint8_t& slot = slots_[slot_of(keys_[i])];
      if (slot != kEmpty) return false;
      slot = static_cast<std::uint8_t>(i);
    }
    return true;
  }

  std::array<std::string_view, N> keys_;
  std::array<std::uint8_t, kSlots> slots_{};
  std::size_t multiplier_ = 1;
};

/// The values of these keys, each at the place of its key: of a key given twice the first, whatever it holds.
template <std::size_t N>
void find_first_of_each(const dom::object& object, const KeyList<N>& keys, std::array<Value, N>& values) {
  values.fill(std::nullopt);
  for (const dom::key_value_pair field : object) {
    const std::optional<std::size_t> place = keys.find(field.key);
    if (place && !values[*place]) values[*place] = field.value;
  }
}

struct Named {
  std::string_view name;
  dom::element value;
};

/// Tells for each of many names whether an earlier one is the same.
inline std::vector<bool> repeated_among(const std::vector<Named>& named) {
  std::vector<std::size_t> order(named.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const int compared = named[a].name.compare(named[b].name);
    return compared != 0 ? compared < 0 : a < b;
  });
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
