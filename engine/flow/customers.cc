#include "engine/flow/customers.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "engine/wire/records.h"

namespace touchstone {
namespace {

/// What is taken for so many bytes, so that most changes of a customer fit where he was.
constexpr std::size_t room_for(std::size_t bytes) {
  constexpr std::size_t kGrain = 32;
  return (bytes + kGrain - 1) / kGrain * kGrain;
}

/// Whoever has so many bytes stays open until another one takes his place; not so with too many, lest the places need
/// much memory.
constexpr std::uint32_t kManyBytes = 256;
constexpr std::uint32_t kTooManyBytes = 8'192;
constexpr std::size_t kPlaces = 1'024;

std::uint32_t slice_of_hash(std::uint64_t hash, std::size_t slices) {
  return static_cast<std::uint32_t>(hash % slices);
}

/// The low bits have chosen the slice.
std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

}  // namespace

Customers::Customers(const Rules& rules, std::uint32_t slices)
    : rules_(rules),
      numbering_(rules),
      codec_(rules, numbering_),
      index_(slices),
      changed_(slices),
      forgotten_(slices),
      open_(kPlaces) {}

std::uint32_t Customers::slice_of(std::string_view id) const {
  return slice_of_hash(hash_of_customer(id), index_.size());
}

std::optional<Customers::Slot> Customers::find(std::string_view id) const { return find(id, hash_of_customer(id)); }

std::optional<Customers::Slot> Customers::find(std::string_view id, std::uint64_t hash) const {
  return index_[slice_of_hash(hash, index_.size())].find(tag_of(hash), [&](Slot slot) { return this->id(slot) == id; });
}

Customers::Slot Customers::find_or_add(std::string_view id) {
  const std::uint64_t hash = hash_of_customer(id);
  const std::optional<Slot> known = find(id, hash);
  return known ? *known : add(id, hash, 0);
}

Customers::Slot Customers::add(std::string_view id, std::uint64_t hash, std::uint32_t size) {
  Slot slot = 0;
  if (free_.empty()) {
    slot = static_cast<Slot>(held_.size());
    held_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  Held& held = held_[slot];
  held = Held{};
  held.bytes = std::make_unique_for_overwrite<char[]>(room_for(id.size() + size));
  held.id_size = static_cast<std::uint32_t>(id.size());
  held.size = size;
  std::copy(id.begin(), id.end(), held.bytes.get());
  index_[slice_of_hash(hash, index_.size())].insert(tag_of(hash), slot);
  return slot;
}

std::string_view Customers::id(Slot slot) const { return {held_[slot].bytes.get(), held_[slot].id_size}; }

void Customers::read(Slot slot, Customer& into) const {
  if (const Open& place = place_of(slot); place.slot == slot) {
    into = place.customer;
  } else {
    decode(held_[slot], into);
  }
}

void Customers::decode(const Held& held, Customer& into) const {
  const bool sound = held.size == 0 || codec_.decode({held.bytes.get() + held.id_size, held.size}, into);
  assert(sound);  // they were written here, or tried when they were restored
  (void)sound;
  if (held.size == 0) into.clear();
}

Customer& Customers::open(Slot slot) {
  Open& place = place_of(slot);
  if (place.slot == slot) return place.customer;
  const Held& held = held_[slot];
  if (held.size < kManyBytes || held.size > kTooManyBytes) {
    decode(held, scratch_);
    return scratch_;
  }
  catch_up(place);
  decode(held, place.customer);
  place.slot = slot;
  return place.customer;
}

void Customers::changed(Slot slot) {
  Held& held = held_[slot];
  Open& place = place_of(slot);
  const bool stays = place.slot == slot;
  stand(slot, stays ? place.customer : scratch_);
  if (stays) {
    place.ahead = true;
  } else {
    encode(scratch_, held);
  }
  if (held.changed) return;
  held.changed = true;
  changed_[slice_of(id(slot))].push_back(slot);
}

void Customers::catch_up(Open& place) {
  if (std::exchange(place.ahead, false)) encode(place.customer, held_[*place.slot]);
}

void Customers::encode(const Customer& customer, Held& held) {
  writer_.clear();
  codec_.encode(customer, writer_);
  keep(held, writer_.bytes());
}

void Customers::keep(Held& held, std::string_view bytes) {
  const std::size_t size = held.id_size + bytes.size();
  if (room_for(size) != room_for(held.id_size + held.size)) {
    auto moved = std::make_unique_for_overwrite<char[]>(room_for(size));
    std::copy_n(held.bytes.get(), held.id_size, moved.get());
    held.bytes = std::move(moved);
  }
  std::copy(bytes.begin(), bytes.end(), held.bytes.get() + held.id_size);
  held.size = static_cast<std::uint32_t>(bytes.size());
}

void Customers::stand(Slot slot, const Customer& customer) {
  Held& held = held_[slot];
  const Standing now{customer.lapsed ? StagePlace{StagePlace::Kind::kLapsed, {}}
                                     : StagePlace{StagePlace::Kind::kStage, customer.stage},
                     customer.segment.value_or(rules_.other_segment())};
  if (!held.counted || held.standing != now) {
    if (held.counted) --counts_[{held.standing.place, held.standing.segment}];
    ++counts_[{now.place, now.segment}];
    held.standing = now;
    held.counted = true;
  }
  held.due = customer.due(rules_);
  if (customer.lapsed || held.queued) return;
  held.queued = true;
  due_.push({held.due, slot});
}

void Customers::forget(Slot slot) {
  Held& held = held_[slot];
  const std::uint64_t hash = hash_of_customer(id(slot));
  const std::uint32_t slice = slice_of_hash(hash, index_.size());
  if (held.counted) --counts_[{held.standing.place, held.standing.segment}];
  // Nothing of him stays in memory.
  if (Open& place = place_of(slot); place.slot == slot) place = {};
  scratch_ = {};
  if (held.changed) std::erase(changed_[slice], slot);
  forgotten_[slice].emplace(id(slot));
  index_[slice].erase(tag_of(hash), slot);
  held.bytes.reset();
  held.gone = true;
  if (!held.queued) release(slot);
}

void Customers::release(Slot slot) {
  held_[slot] = Held{};
  free_.push_back(slot);
}

std::vector<Customers::Slot> Customers::take_due(EventTime watermark) {
  std::vector<Slot> due;
  while (!due_.empty() && due_.top().at <= watermark) {
    const Due next = due_.top();
    due_.pop();
    Held& held = held_[next.slot];
    if (held.gone) {
      release(next.slot);
    } else if (held.due > next.at) {
      due_.push({held.due, next.slot});
    } else {
      held.queued = false;
      due.push_back(next.slot);
    }
  }
  std::sort(due.begin(), due.end(), [this](Slot a, Slot b) {
    return held_[a].due != held_[b].due ? held_[a].due < held_[b].due : id(a) < id(b);
  });
  return due;
}

void Customers::put_off(Slot slot) {
  Held& held = held_[slot];
  held.queued = true;
  due_.push({held.due, slot});
}

std::vector<TableChange> Customers::take_changes(std::uint32_t slice) {
  std::vector<TableChange> changes;
  changes.reserve(changed_[slice].size() + forgotten_[slice].size() + 1);
  for (const Slot slot : changed_[slice]) {
    if (Open& place = place_of(slot); place.slot == slot) catch_up(place);
    Held& held = held_[slot];
    held.changed = false;
    changes.push_back({customer_key(slice, id(slot)), std::string(held.bytes.get() + held.id_size, held.size)});
  }
  for (const std::string& id : forgotten_[slice]) {
    if (!find(id)) changes.push_back({customer_key(slice, id), std::nullopt});
  }
  changed_[slice].clear();
  forgotten_[slice].clear();
  if (std::exchange(numbering_changed_, false)) changes.push_back({numbering_key(), numbering_.encode()});
  std::sort(changes.begin(), changes.end(), [](const TableChange& a, const TableChange& b) { return a.key < b.key; });
  return changes;
}

void Customers::drop_changes() {
  for (auto& changed : changed_) {
    for (const Slot slot : changed) held_[slot].changed = false;
    changed.clear();
  }
  for (auto& forgotten : forgotten_) forgotten.clear();
}

bool Customers::restore_numbering(std::string_view bytes) {
  std::optional<Numbering> numbering = Numbering::decode(bytes, rules_);
  if (!numbering || !held_.empty()) return false;
  numbering_ = std::move(*numbering);
  numbering_restored_ = true;
  numbering_changed_ = numbering_.has_grown();
  return true;
}

bool Customers::restore(std::string_view key, std::string_view bytes) {
  const std::optional<CustomerKeyParts> parts = read_customer_key(key);
  if (!parts || !numbering_restored_ || !codec_.decode(bytes, scratch_)) return false;
  const std::uint64_t hash = hash_of_customer(parts->customer);
  if (slice_of_hash(hash, index_.size()) != parts->slice) return false;
  const Slot slot = add(parts->customer, hash, static_cast<std::uint32_t>(bytes.size()));
  keep(held_[slot], bytes);
  stand(slot, scratch_);
  return true;
}

}  // namespace touchstone
