// Small numbers for what a map names, which stay the same in the state of one task when the map changes. The state
// keeps the ids in the order of their numbers; a map that names others appends them. So a customer's record holds
// numbers instead of texts, is written and read without looking anything up by text, and is still none of a map's
// business.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model/rules.h"
#include "engine/wire/bytes.h"

namespace touchstone {

/// The numbers of one kind of id.
template <typename Number>
class NumbersOf {
 public:
  /// Ids that the state does not have yet are appended.
  void know(const Dictionary<Number>& names) {
    to_state_.clear();
    from_state_.assign(ids_.size(), std::nullopt);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const Number own(static_cast<std::uint16_t>(i));
      const std::string& id = names.id(own);
      ids_.add(id);
      const std::uint16_t number = ids_.find(id)->value();
      from_state_.resize(ids_.size());
      from_state_[number] = own;
      to_state_.push_back(number);
    }
  }
  [[nodiscard]] std::uint16_t in_state(Number own) const { return to_state_[own.value()]; }
  /// Nothing: no id of the map in force.
  [[nodiscard]] std::optional<Number> own(std::uint64_t in_state) const {
    return in_state < from_state_.size() ? from_state_[in_state] : std::nullopt;
  }
  [[nodiscard]] std::size_t size() const { return ids_.size(); }

  void write(ByteWriter& out) const {
    out.number(ids_.size());
    for (std::size_t i = 0; i < ids_.size(); ++i) out.text(ids_.id(Number(static_cast<std::uint16_t>(i))));
  }
  void read(ByteReader& in) {
    const std::size_t count = in.count();
    for (std::size_t i = 0; i < count && in.ok(); ++i) ids_.add(in.text());
    if (ids_.size() != count) in.fail();
  }

 private:
  Dictionary<Number> ids_;  ///< of the state, in the order of their numbers there
  std::vector<std::uint16_t> to_state_;
  std::vector<std::optional<Number>> from_state_;
};

/// Not changed after it was made.
class Numbering {
 public:
  /// That of a state which begins with these rules.
  explicit Numbering(const Rules& rules);
  /// That of a state which goes on with these rules; nothing for bytes that are not a numbering.
  [[nodiscard]] static std::optional<Numbering> decode(std::string_view bytes, const Rules& rules);

  [[nodiscard]] std::string encode() const;
  /// The rules name something that the state has had no number for.
  [[nodiscard]] bool has_grown() const { return has_grown_; }

  NumbersOf<TouchpointNo> touchpoints;
  NumbersOf<ChannelNo> channels;
  NumbersOf<SegmentNo> segments;
  NumbersOf<StageNo> stages;

 private:
  Numbering() = default;
  void know(const Rules& rules);
  [[nodiscard]] std::size_t size() const;
  bool has_grown_ = true;
};

}  // namespace touchstone
