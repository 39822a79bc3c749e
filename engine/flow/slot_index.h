// Finds slots by hash: open addressing with linear probing, 8 bytes an entry, at most 7 of 10 taken. Deletion moves
// entries back instead of leaving marks (Knuth, The Art of Computer Programming 3, 6.4, algorithm R).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace touchstone {

/// Not thread-safe.
class SlotIndex {
 public:
  using Slot = std::uint32_t;

  /// The slot with this tag for which `is` holds.
  template <typename Is>
  [[nodiscard]] std::optional<Slot> find(std::uint32_t tag, const Is& is) const {
    if (entries_.empty()) return std::nullopt;
    for (std::size_t i = home(tag); entries_[i].taken != 0; i = after(i)) {
      if (entries_[i].tag == tag && is(entries_[i].taken - 1)) return entries_[i].taken - 1;
    }
    return std::nullopt;
  }

  /// A slot that is not there yet.
  void insert(std::uint32_t tag, Slot slot) {
    if (10 * (size_ + 1) > 7 * entries_.size()) grow();
    place({tag, slot + 1});
    ++size_;
  }

  /// A slot that is there.
  void erase(std::uint32_t tag, Slot slot) {
    std::size_t hole = home(tag);
    while (entries_[hole].taken != slot + 1) hole = after(hole);
    for (std::size_t i = after(hole); entries_[i].taken != 0; i = after(i)) {
      // Whoever would still be found from its home may stay.
      const std::size_t from_home = (i - home(entries_[i].tag)) & (entries_.size() - 1);
      const std::size_t from_hole = (i - hole) & (entries_.size() - 1);
      if (from_home < from_hole) continue;
      entries_[hole] = entries_[i];
      hole = i;
    }
    entries_[hole] = {};
    --size_;
  }

 private:
  struct Entry {
    std::uint32_t tag = 0;
    std::uint32_t taken = 0;  ///< the slot and 1; 0: free
  };
  static constexpr std::size_t kSmallest = 16;

  [[nodiscard]] std::size_t home(std::uint32_t tag) const { return tag & (entries_.size() - 1); }
  [[nodiscard]] std::size_t after(std::size_t i) const { return (i + 1) & (entries_.size() - 1); }
  void place(const Entry& entry) {
    std::size_t i = home(entry.tag);
    while (entries_[i].taken != 0) i = after(i);
    entries_[i] = entry;
  }
  void grow() {
    const std::size_t size = entries_.empty() ? kSmallest : 2 * entries_.size();
    const std::vector<Entry> before = std::exchange(entries_, std::vector<Entry>(size));
    for (const Entry& entry : before) {
      if (entry.taken != 0) place(entry);
    }
  }

  std::vector<Entry> entries_;  ///< a power of two of them
  std::size_t size_ = 0;
};

}  // namespace touchstone
