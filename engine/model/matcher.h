// The first of many rules that holds, without trying them all: each alternative of a rule is filed under one
// of its equality conditions (the one shared with the fewest others), and an event tries only the alternatives
// filed under values it has, and those that have no equality to be filed under.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/model/predicate.h"

namespace touchstone {

/// Immutable after construction, safe to use from any thread.
class Matcher {
 public:
  /// The predicates in the order in which they are tried; an empty one never matches here.
  explicit Matcher(const std::vector<Predicate>& rules);

  /// The number of the first rule that holds. `tried`, if given, counts the alternatives evaluated.
  [[nodiscard]] std::optional<std::size_t> first_match(const Facts& facts, std::size_t* tried = nullptr) const;

 private:
  struct Entry {
    std::size_t rule{};
    CompiledConjunction conjunction;
  };
  using Entries = std::vector<std::uint32_t>;  ///< numbers in entries_, ascending and so in order of rules

  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  /// The alternatives that ask one field for equality, by the value they ask for.
  struct FieldIndex {
    std::unordered_map<std::string, Entries, TextHash, std::equal_to<>> by_text;
    std::map<double, Entries> by_number;
    std::array<Entries, 2> by_flag;

    Entries& slot(const OwnedScalar& value);
    [[nodiscard]] const Entries* find(const Scalar& value) const;
  };

  void file(std::uint32_t entry, const Conjunction& conjunction,
            const std::map<FieldRef, std::map<OwnedScalar, std::size_t>>& popularity);

  std::vector<Entry> entries_;
  std::vector<std::pair<FieldRef, FieldIndex>> indexes_;
  Entries unfiled_;
};

}  // namespace touchstone
