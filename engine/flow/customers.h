// All customers of one task, in memory: each as its bytes (wire/customer_record.h), which are what the changelog gets,
// so that a checkpoint copies them, a restart takes them over as they are, and a customer costs little more than that.
//
// Whoever comes often has done much, and takes long to be read and written: those with many bytes stay open between
// their events, as many as there is room for, and become bytes again when somebody asks for these or takes their place.
//
// What is asked of all of them together stands beside the bytes: how many there are in each stage and segment, whose
// slice has changed, and who lapses when. Growing never moves more than one slice, so that nothing takes long.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/flow/counts.h"
#include "engine/flow/ports.h"
#include "engine/flow/slot_index.h"
#include "engine/model/customer.h"
#include "engine/model/rules.h"
#include "engine/wire/customer_record.h"
#include "engine/wire/numbering.h"

namespace touchstone {

/// Not thread-safe; one task owns it.
class Customers {
 public:
  /// Where a customer is kept, until he is forgotten.
  using Slot = SlotIndex::Slot;

  /// Borrows the rules.
  Customers(const Rules& rules, std::uint32_t slices);

  [[nodiscard]] std::uint32_t slice_of(std::string_view id) const;
  [[nodiscard]] std::optional<Slot> find(std::string_view id) const;
  /// Adds one who has done nothing yet where the id is not known.
  Slot find_or_add(std::string_view id);

  /// Valid until the customer is forgotten or changed.
  [[nodiscard]] std::string_view id(Slot slot) const;
  void read(Slot slot, Customer& into) const;
  /// The customer, to be changed in place. Valid until the next call of anything but changed().
  Customer& open(Slot slot);
  /// The one opened last has changed.
  void changed(Slot slot);
  void forget(Slot slot);

  /// Those who have not lapsed and are due by the watermark, by due time and id. Whoever is not written then must be
  /// put off.
  std::vector<Slot> take_due(EventTime watermark);
  /// To be due again at the next call.
  void put_off(Slot slot);

  [[nodiscard]] const StageCustomers& counts() const { return counts_; }

  /// What has changed in a slice since it was last taken, and with the first one the numbering, if that has changed.
  std::vector<TableChange> take_changes(std::uint32_t slice);
  void drop_changes();

  /// Puts back what take_changes gave: first the numbering, then customers, each once. False: it is not that.
  [[nodiscard]] bool restore_numbering(std::string_view bytes);
  [[nodiscard]] bool restore(std::string_view key, std::string_view bytes);

 private:
  /// Where a customer is counted.
  struct Standing {
    StagePlace place;
    SegmentNo segment;
    friend auto operator<=>(const Standing&, const Standing&) = default;
  };
  /// Small on purpose: there is one for each customer.
  struct Held {
    std::unique_ptr<char[]> bytes;  ///< the id, then what is remembered
    EventTime due{};                ///< when he lapses unless something comes
    std::uint32_t id_size = 0;
    std::uint32_t size = 0;  ///< of what is remembered, as last written; 0: never
    Standing standing{};
    bool counted : 1 = false;  ///< where he stands
    bool changed : 1 = false;  ///< since his slice was last taken
    bool queued : 1 = false;   ///< in due_
    bool gone : 1 = false;     ///< forgotten, but still in due_
  };
  /// One who stays open.
  struct Open {
    std::optional<Slot> slot;
    bool ahead = false;  ///< of his bytes
    Customer customer;
  };
  struct Due {
    EventTime at;
    Slot slot{};
    /// The queue's first is the earliest.
    friend bool operator<(const Due& a, const Due& b) { return a.at > b.at; }
  };

  [[nodiscard]] std::optional<Slot> find(std::string_view id, std::uint64_t hash) const;
  /// With room for so many bytes of what is remembered, which keep() then has to fill.
  Slot add(std::string_view id, std::uint64_t hash, std::uint32_t size);
  void keep(Held& held, std::string_view bytes);
  void decode(const Held& held, Customer& into) const;
  void encode(const Customer& customer, Held& held);
  /// Where the slot's customer is if he stays open.
  [[nodiscard]] Open& place_of(Slot slot) { return open_[slot % open_.size()]; }
  [[nodiscard]] const Open& place_of(Slot slot) const { return open_[slot % open_.size()]; }
  /// His bytes are what he is.
  void catch_up(Open& place);
  /// What is asked of all follows what has become of one.
  void stand(Slot slot, const Customer& customer);
  void release(Slot slot);

  const Rules& rules_;
  Numbering numbering_;
  CustomerCodec codec_;
  bool numbering_restored_ = false;
  bool numbering_changed_ = true;  ///< since it was last taken
  std::vector<SlotIndex> index_;   ///< by slice
  std::deque<Held> held_;          ///< by slot
  std::vector<Slot> free_;
  std::vector<std::vector<Slot>> changed_;        ///< by slice, each once
  std::vector<std::set<std::string>> forgotten_;  ///< by slice, since it was last taken
  /// Those who have not lapsed, each once, by a time at which they may be due: an event puts that off, which is only
  /// looked at when the time has come.
  std::priority_queue<Due, std::deque<Due>> due_;
  StageCustomers counts_;
  std::vector<Open> open_;
  ByteWriter writer_;  ///< kept for its memory
  Customer scratch_;   ///< likewise; whoever is opened and does not stay so
};

}  // namespace touchstone
