#include "engine/flow/customers.h"

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/wire/records.h"
#include "tests/support/maps.h"

namespace touchstone {
namespace {

using testing::at;

constexpr std::uint32_t kSlices = 3;

Customer active_at(std::int64_t second) {
  Customer customer;
  customer.started = true;
  customer.highest = customer.stage_since = at(second);
  return customer;
}

/// Numbers from 0 to below a bound, the same in each run.
class Dice {
 public:
  explicit Dice(std::uint32_t seed) : chance_(seed) {}
  std::uint32_t operator()(std::uint32_t bound) { return static_cast<std::uint32_t>(chance_() % bound); }

 private:
  std::mt19937 chance_;
};

TEST(SlotIndex, FindsWhatIsThereWhereverTagsCollide) {
  SlotIndex index;
  std::map<SlotIndex::Slot, std::uint32_t> expected;
  Dice chance(7);
  const auto found = [&](std::uint32_t tag, SlotIndex::Slot slot) {
    return index.find(tag, [&](SlotIndex::Slot each) { return each == slot; });
  };
  for (int i = 0; i < 20'000; ++i) {
    const SlotIndex::Slot slot = chance(300);
    if (const auto known = expected.find(slot); known != expected.end()) {
      ASSERT_EQ(found(known->second, slot), slot);
      index.erase(known->second, slot);
      ASSERT_FALSE(found(known->second, slot));
      expected.erase(known);
    } else {
      const std::uint32_t tag = chance(20);
      index.insert(tag, slot);
      expected[slot] = tag;
    }
    if (i % 1000 != 0) continue;
    for (const auto& [each, tag] : expected) ASSERT_EQ(found(tag, each), each);
  }
}

TEST(Customers, AreAsALargeMapWouldHaveThem) {
  const auto rules = testing::small_rules();
  Customers customers(*rules, kSlices);
  const Millis patience = rules->map().lifecycle.lapse_after;
  std::map<std::string, Customer> expected;
  std::map<std::string, std::optional<std::string>> kept;  // what a changelog has
  Dice chance(11);
  std::int64_t now = 0;
  for (int i = 0; i < 30'000; ++i) {
    const std::string id = "customer-" + std::to_string(chance(1'500));
    const auto slot = customers.find(id);
    ASSERT_EQ(slot.has_value(), expected.contains(id));
    if (slot && chance(10) == 0) {
      customers.forget(*slot);
      expected.erase(id);
    } else {
      now += 600;
      Customer customer = active_at(now);
      // Of another size each time, so that some stay open and some do not.
      for (std::uint32_t touch = chance(2) * chance(100); touch > 0; --touch) {
        customer.touches.push_back({{TouchpointNo(0), at(now - 5)}, touch});
      }
      const Customers::Slot place = customers.find_or_add(id);
      if (slot) {
        ASSERT_EQ(place, *slot);
        Customer before;
        customers.read(place, before);
        ASSERT_EQ(before.highest, expected.at(id).highest);
        ASSERT_EQ(before.touches.size(), expected.at(id).touches.size());
      }
      customers.open(place) = customer;
      customers.changed(place);
      expected[id] = customer;
    }
    if (i % 100 == 0) {
      std::vector<std::pair<EventTime, std::string>> due;
      for (const auto& [each, customer] : expected) {
        if (!customer.lapsed && customer.due(*rules) <= at(now)) due.emplace_back(customer.highest + patience, each);
      }
      std::sort(due.begin(), due.end());
      std::vector<std::pair<EventTime, std::string>> told;
      for (const Customers::Slot place : customers.take_due(at(now))) {
        Customer customer;
        customers.read(place, customer);
        const std::string each(customers.id(place));
        told.emplace_back(customer.highest + patience, each);
        if (chance(4) == 0) {
          customers.put_off(place);
          continue;
        }
        customer.lapsed = true;
        customers.open(place) = customer;
        customers.changed(place);
        expected[each] = customer;
      }
      ASSERT_EQ(told, due);
    }
    if (i % 50 == 0) {
      for (TableChange& change : customers.take_changes(chance(kSlices))) {
        kept[change.key] = std::move(change.value);
      }
    }
  }
  for (std::uint32_t slice = 0; slice < kSlices; ++slice) {
    for (TableChange& change : customers.take_changes(slice)) kept[change.key] = std::move(change.value);
    EXPECT_TRUE(customers.take_changes(slice).empty());
  }
  // What was handed out makes the same customers again.
  Customers again(*rules, kSlices);
  for (const auto& [key, value] : kept) {
    if (!value) continue;
    if (key == numbering_key()) {
      ASSERT_TRUE(again.restore_numbering(*value));
    } else {
      ASSERT_TRUE(again.restore(key, *value));
    }
  }
  std::map<std::pair<StagePlace, SegmentNo>, std::int64_t> counts;
  for (const auto& [id, customer] : expected) {
    ASSERT_TRUE(again.find(id)) << id;
    Customer back;
    again.read(*again.find(id), back);
    EXPECT_EQ(back.highest, customer.highest);
    EXPECT_EQ(back.lapsed, customer.lapsed);
    const StagePlace place = customer.lapsed ? StagePlace{StagePlace::Kind::kLapsed, {}}
                                             : StagePlace{StagePlace::Kind::kStage, customer.stage};
    ++counts[{place, rules->other_segment()}];
  }
  EXPECT_EQ(again.counts(), counts);
  for (const auto& [where, count] : customers.counts()) EXPECT_EQ(count, counts[where]);
  EXPECT_EQ(again.take_due(at(now + 1'000'000'000)).size(), customers.take_due(at(now + 1'000'000'000)).size());
}

// Slots are given out in order, so that the first and the last of these have one place between them.
TEST(Customers, WhoTakesAnothersPlaceTakesNothingElse) {
  const auto rules = testing::small_rules();
  Customers customers(*rules, 1);
  const auto busy_at = [](std::int64_t second) {
    Customer customer = active_at(second);
    customer.ids.resize(50, {1, 2, at(second)});
    return customer;
  };
  const auto touches_of = [&](Customers::Slot slot) {
    Customer found;
    customers.read(slot, found);
    return found.touches.size();
  };
  const auto touch = [&](Customers::Slot slot) {
    customers.open(slot).touches.push_back({{TouchpointNo(0), at(1)}, 0});
    customers.changed(slot);
  };
  std::vector<Customers::Slot> slots;
  for (int i = 0; i <= 1'024; ++i) {
    slots.push_back(customers.find_or_add("customer-" + std::to_string(i)));
    customers.open(slots.back()) = busy_at(i);
    customers.changed(slots.back());
  }
  const Customers::Slot first = slots.front();
  const Customers::Slot last = slots.back();
  touch(first);
  EXPECT_EQ(touches_of(first), 1U);
  static_cast<void>(customers.open(last));  // a duplicate, which changes nothing
  EXPECT_EQ(touches_of(first), 1U);
  EXPECT_EQ(touches_of(last), 0U);
  touch(last);
  touch(first);
  customers.forget(last);
  EXPECT_EQ(touches_of(first), 2U);
  static_cast<void>(customers.take_due(at(1'000'000'000)));  // where the forgotten one was still waiting
  EXPECT_EQ(customers.find_or_add("another"), last) << "a slot is used again";
  EXPECT_EQ(touches_of(last), 0U);
}

TEST(Customers, CannotBeRestoredWithoutTheirNumbering) {
  const auto rules = testing::small_rules();
  Customers customers(*rules, 1);
  const Customers::Slot one = customers.find_or_add("one");
  customers.open(one) = active_at(5);
  customers.changed(one);
  const auto changes = customers.take_changes(0);
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes.front().key, numbering_key());
  Customers again(*rules, 1);
  EXPECT_FALSE(again.restore(customer_key(0, "one"), *changes.back().value));
  EXPECT_TRUE(again.restore_numbering(*changes.front().value));
  EXPECT_TRUE(again.restore(customer_key(0, "one"), *changes.back().value));
  EXPECT_FALSE(again.restore_numbering(*changes.front().value)) << "it would change what is there";
  EXPECT_FALSE(again.restore(customer_key(1, "two"), *changes.back().value)) << "of a slice that is not his";
  EXPECT_FALSE(again.restore(position_key(0), *changes.back().value));
}

}  // namespace
}  // namespace touchstone
