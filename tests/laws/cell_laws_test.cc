// The laws that everything else rests on: cells are a commutative group, splits conserve what they split, and the
// edges of presence count distinct customers as a naive count does, in any order of arrival.
#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "engine/model/cell.h"
#include "engine/model/fixed.h"
#include "engine/model/presence.h"
#include "tests/support/maps.h"

namespace touchstone {
namespace {

constexpr int kCases = 100'000;
using Random = std::mt19937_64;

std::int64_t between(Random& random, std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(random);
}

Cell any_cell(Random& random) {
  Cell cell;
  for (std::int64_t i = between(random, 0, 6); i > 0; --i) {
    cell.add({static_cast<MeasureKind>(between(random, 1, kLastMeasureKind)),
              static_cast<std::uint16_t>(between(random, 0, 3))},
             between(random, -5, 5));
  }
  return cell;
}

Cell sum(Cell a, const Cell& b) {
  a.add(b);
  return a;
}

Cell difference(Cell a, const Cell& b) {
  a.subtract(b);
  return a;
}

TEST(CellLaws, AdditionIsAssociativeCommutativeWithZeroAndInverse) {
  Random random(1);
  for (int i = 0; i < kCases; ++i) {
    const Cell a = any_cell(random);
    const Cell b = any_cell(random);
    const Cell c = any_cell(random);
    ASSERT_EQ(sum(sum(a, b), c), sum(a, sum(b, c)));
    ASSERT_EQ(sum(a, b), sum(b, a));
    ASSERT_EQ(sum(a, Cell{}), a);
    ASSERT_EQ(difference(a, a), Cell{});
    ASSERT_EQ(difference(sum(a, b), b), a);
  }
}

TEST(CellLaws, ASumIsThatOfEachAmount) {
  Random random(5);
  for (int i = 0; i < kCases / 10; ++i) {
    std::map<MeasureKey, std::int64_t> sums;
    Cell cell;
    for (std::int64_t parts = between(random, 1, 3); parts > 0; --parts) {
      Cell part;
      const std::int64_t sign = 2 * between(random, 0, 1) - 1;
      for (std::int64_t left = between(random, 0, 60); left > 0; --left) {
        const MeasureKey key{MeasureKind::kMove, static_cast<std::uint16_t>(between(random, 0, 99))};
        const std::int64_t amount = between(random, -2, 2);
        part.add(key, amount);
        if ((sums[key] += sign * amount) == 0) sums.erase(key);
      }
      sign < 0 ? cell.subtract(part) : cell.add(part);
    }
    ASSERT_EQ(cell.amounts().size(), sums.size());
    auto sum = sums.begin();
    for (const auto& [key, amount] : cell.amounts()) {
      ASSERT_EQ(key, sum->first);
      ASSERT_EQ(amount, (sum++)->second);
    }
  }
}

TEST(SplitLaws, TheWholeIsConserved) {
  Random random(2);
  for (int i = 0; i < kCases; ++i) {
    std::vector<std::uint64_t> weights;
    for (std::int64_t n = between(random, 1, 50); n > 0; --n) {
      weights.push_back(static_cast<std::uint64_t>(between(random, 0, 1) * between(random, 0, std::int64_t{1} << 52)));
    }
    weights[0] += 1;
    const std::int64_t total = between(random, -10'000'000'000'000'000, 10'000'000'000'000'000);
    const auto parts = split_by_largest_remainder(total, weights);
    ASSERT_EQ(std::accumulate(parts.begin(), parts.end(), std::int64_t{0}), total);
  }
}

/// A visit of one customer.
struct Visited {
  int who;
  EventTime when;
  Dimensions at;
};

/// Distinct customers of a cell at every closing, by remembering every visit.
std::map<std::pair<std::size_t, EventTime>, std::int64_t> naive_counts(const std::vector<Visited>& visits,
                                                                       const CellNo& cell,
                                                                       const std::vector<WindowSpec>& windows,
                                                                       EventTime until) {
  std::map<std::pair<std::size_t, EventTime>, std::int64_t> counts;
  for (std::size_t number = 0; number < windows.size(); ++number) {
    for (EventTime closing = testing::at(0); closing <= until; closing += windows[number].step) {
      std::set<int> present;
      for (const auto& [who, when, at] : visits) {
        const auto cells = cells_of(at);
        if (std::find(cells.begin(), cells.end(), cell) == cells.end()) continue;
        if (when < closing && when >= closing - windows[number].size) present.insert(who);
      }
      counts[{number, closing}] = static_cast<std::int64_t>(present.size());
    }
  }
  return counts;
}

TEST(PresenceLaws, EdgesCountDistinctCustomersInAnyOrderOfArrival) {
  using std::chrono::seconds;
  const std::vector<WindowSpec> windows = {{"20s", seconds{20}, seconds{5}}, {"60s", seconds{60}, seconds{15}}};
  const seconds lateness{10};
  Random random(3);
  const auto one_of = [&](std::int64_t count) { return static_cast<std::uint16_t>(between(random, 0, count - 1)); };
  for (int round = 0; round < 200; ++round) {
    std::map<int, Presence> customers;
    std::map<CellNo, std::map<std::pair<std::size_t, EventTime>, std::int64_t>> edges;
    std::vector<Visited> visits;
    EventTime highest = testing::at(100);
    for (int i = 0; i < 60; ++i) {
      highest += seconds{between(random, 0, 9)} * between(random, 0, 1);
      const EventTime when = highest - seconds{between(random, 0, 9)};
      const int who = static_cast<int>(between(random, 0, 3));
      const Dimensions at{TouchpointNo(one_of(3)), ChannelNo(one_of(2)), StageNo(one_of(2)), SegmentNo(one_of(2))};
      visits.push_back({who, when, at});
      customers[who].visit(at, floor_to(when, seconds{5}), highest - lateness, windows,
                           [&](std::size_t cell, const VisitCount& change) {
                             auto& of_cell = edges[cells_of(at)[cell]];
                             for (std::size_t number = 0; number < windows.size(); ++number) {
                               const auto [begin, end] = edges_of(change.visit, windows[number]);
                               of_cell[{number, begin}] += change.count;
                               of_cell[{number, end}] -= change.count;
                             }
                           });
      if (i % 7 == 0) customers[who].expire(highest - lateness, windows);
    }
    const EventTime until = highest + seconds{120};
    for (auto& [cell, of_cell] : edges) {
      const auto expected = naive_counts(visits, cell, windows, until);
      for (std::size_t number = 0; number < windows.size(); ++number) {
        std::int64_t present = 0;
        for (EventTime closing = testing::at(0); closing <= until; closing += windows[number].step) {
          present += of_cell[{number, closing}];
          ASSERT_EQ(present, expected.at({number, closing})) << "round " << round << " window " << number;
        }
        ASSERT_EQ(present, 0) << "every presence ends";
      }
    }
    for (const auto& [who, presence] : customers) EXPECT_LE(presence.entries().size(), 40U) << "it stays small";
  }
}

// A crawler, say, or a customer number that many share: he is everywhere, all the time.
TEST(PresenceLaws, WhoVisitsManyTouchpointsIsRememberedOnceForEach) {
  using std::chrono::seconds;
  const std::vector<WindowSpec> windows = {{"60s", seconds{60}, seconds{5}},
                                           {"1d", std::chrono::hours{24}, seconds{60}}};
  constexpr std::int64_t kTouchpoints = 2'000;
  Presence presence;
  std::int64_t first = 0;
  for (std::int64_t i = 0; i < 10 * kTouchpoints; ++i) {
    const Dimensions page{TouchpointNo(static_cast<std::uint16_t>(i % kTouchpoints)), {}, {}, {}};
    const EventTime now = testing::at(i);
    presence.visit(page, floor_to(now, seconds{5}), now - seconds{10}, windows,
                   [&](std::size_t, const VisitCount& change) { first += change.visit.before ? 0 : 1; });
  }
  EXPECT_EQ(first, 2 * kTouchpoints + 6) << "each touchpoint's two cells, and the six of the one channel and stage";
  EXPECT_LE(presence.entries().size(), kTouchpoints + kTouchpoints / 2);
}

}  // namespace
}  // namespace touchstone
