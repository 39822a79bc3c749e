#include "engine/model/windows.h"

#include <gtest/gtest.h>

#include "engine/model/watermark.h"
#include "tests/support/maps.h"

namespace touchstone {
namespace {

using testing::at;

const CellKey kAll{Scope::kAll, "all", "all"};

Cell interactions(std::int64_t count) {
  Cell cell;
  cell.add({MeasureKind::kInteractions, 0}, count);
  return cell;
}

class WindowsTest : public ::testing::Test {
 protected:
  WindowsTest() : windows_(made()) {
    touchpoints_.add("ad");
    touchpoints_.add("page");
  }

  Windows made() {
    return {{{"10s", std::chrono::seconds{10}, std::chrono::seconds{5}}},
            touchpoints_,
            [this](const CellKey& cell) { return cell.id != elsewhere_; },
            memory_shelf};
  }

  void add(std::int64_t seconds, std::int64_t count = 1) {
    windows_.add_pane(windows_.index(kAll), at(seconds), interactions(count));
  }
  /// The closings up to here as "second:interactions".
  std::string close(std::int64_t seconds) {
    std::string out;
    windows_.close_until(at(seconds), everything_, [&](const Row& row) { out += text(row); });
    return out;
  }
  static std::string text(const Row& row) {
    return std::to_string((row.end - at(0)).count() / 1'000) + ":" + std::to_string(row.measures.interactions) + " ";
  }

  /// A path of one touch that ended in this pane, for all segments.
  void add_path(std::int64_t seconds, std::uint16_t touchpoint, std::uint16_t end) {
    Cell first;
    first.add({MeasureKind::kMove, touchpoint}, 1);
    windows_.add_pane(windows_.index({Scope::kChain, std::string(kStartId), "all"}), at(seconds), first);
    Cell last;
    last.add({MeasureKind::kMove, end}, 1);
    windows_.add_pane(windows_.index({Scope::kChain, touchpoints_.id(TouchpointNo(touchpoint)), "all"}), at(seconds),
                      last);
  }
  static void append_chain_credit(const Row& row, std::string& out) {
    out += std::to_string((row.end - at(0)).count() / 1'000) + ":" + row.cell.id + "=";
    out += row.measures.credit.empty() ? "nothing" : std::to_string(row.measures.credit.back().conversions);
    out += ' ';
  }
  /// What was written of the state of `windows_`, into another one.
  void put_back(Windows& again) {
    for (const WindowsKey& key : windows_.take_changed(0)) {
      WindowsKey theirs = key;
      theirs.cell = again.index(windows_.cell(key.cell));
      if (const auto pane = windows_.pane(key); key.kind == WindowsKey::Kind::kPane && pane) {
        again.restore_pane(theirs, *pane);
      }
      if (key.kind == WindowsKey::Kind::kEdge && windows_.edge(key)) again.restore_edge(theirs, *windows_.edge(key));
      if (key.kind == WindowsKey::Kind::kRow && windows_.last_row(key)) {
        again.restore_row(theirs, *windows_.last_row(key));
      }
    }
    const Windows::Closings closed = windows_.closed();
    again.restored(closed, [&](CellIndex) -> const Windows::Closings& { return closed; });
  }

  std::string elsewhere_;  ///< a touchpoint whose rows another partition writes
  Dictionary<TouchpointNo> touchpoints_;
  Windows windows_;
  const Windows::CellFilter everything_ = [](CellIndex) { return true; };
};

TEST_F(WindowsTest, HoldWhatLiesBeforeTheirClosingAndNotBeforeTheirStart) {
  add(0);
  add(5, 2);
  EXPECT_EQ(close(4), "");
  EXPECT_EQ(close(5), "5:1 ");
  EXPECT_EQ(close(30), "10:3 15:2 20:0 ");
  EXPECT_EQ(close(60), "");
}

TEST_F(WindowsTest, WriteNoRowThatReadsLikeTheOneBefore) {
  add(0);
  add(10);
  EXPECT_EQ(close(30), "5:1 25:0 ");
}

TEST_F(WindowsTest, CountWhatComesBehindAClosingFromTheNextOneOn) {
  add(0);
  EXPECT_EQ(close(5), "5:1 ");
  EXPECT_FALSE(windows_.add_pane(windows_.index(kAll), at(0), interactions(4)));
  EXPECT_EQ(close(15), "10:5 15:0 ");
  EXPECT_FALSE(windows_.add_pane(windows_.index(kAll), at(0), interactions(4)));
  EXPECT_EQ(close(60), "") << "it has left the window already";
}

TEST_F(WindowsTest, CloseOnceMoreAtTheEndOfTheInput) {
  add(0);
  std::string out;
  windows_.end(at(3), everything_, [&](const Row& row) { out += text(row); });
  EXPECT_EQ(out, "5:1 ");
}

TEST_F(WindowsTest, CountCustomersFromTheEdgesOfTheirPresence) {
  const CellIndex cell = windows_.index(kAll);
  add(0);
  windows_.add_visits(cell, {{at(0), std::nullopt}, 1});
  std::string out;
  windows_.close_until(at(60), everything_, [&](const Row& row) { out += std::to_string(row.measures.customers); });
  EXPECT_EQ(out, "10");
}

TEST_F(WindowsTest, ReadTheSameAfterTheirStateWasPutBack) {
  const CellIndex cell = windows_.index(kAll);
  for (std::int64_t second = 0; second < 40; second += 5) {
    add(second, second + 1);
    windows_.add_visits(cell, {{at(second), std::nullopt}, 1});
  }
  (void)close(20);
  Windows again = made();
  put_back(again);
  std::string expected;
  std::string actual;
  const auto to = [](std::string& out) {
    return [&out](const Row& row) { out += text(row) + std::to_string(row.measures.customers) + " "; };
  };
  windows_.close_until(at(100), everything_, to(expected));
  again.close_until(at(100), everything_, to(actual));
  EXPECT_EQ(actual, expected);
  EXPECT_FALSE(expected.empty());
}

TEST_F(WindowsTest, HandOutWhatChangedByGroupsOfCells) {
  const auto group_of = [](const CellKey& cell) { return cell.segment == "all" ? 0U : 2U; };
  Windows windows({{"10s", std::chrono::seconds{10}, std::chrono::seconds{5}}}, touchpoints_,
                  [](const CellKey&) { return true; }, memory_shelf, {3, group_of});
  const CellIndex all = windows.index(kAll);
  const CellIndex gold = windows.index({Scope::kAll, "all", "gold"});
  for (const CellIndex cell : {gold, all, gold}) windows.add_pane(cell, at(0), interactions(1));
  EXPECT_EQ(windows.group(gold), 2U);
  EXPECT_TRUE(windows.take_changed(1).empty());
  EXPECT_EQ(windows.take_changed(2), (std::vector<WindowsKey>{{WindowsKey::Kind::kPane, 0, gold, at(0)}}));
  EXPECT_TRUE(windows.take_changed(2).empty()) << "each is taken once";
  EXPECT_EQ(windows.take_changed(0), (std::vector<WindowsKey>{{WindowsKey::Kind::kPane, 0, all, at(0)}}));
  windows.add_pane(all, at(0), interactions(1));
  windows.drop_changed();
  EXPECT_TRUE(windows.take_changed(0).empty());
}

TEST_F(WindowsTest, HandOutAnEdgeOfCustomersWheneverItHasChanged) {
  const CellIndex all = windows_.index(kAll);
  const auto changes = [&](std::int64_t count) {
    windows_.add_visits(all, {{at(0), std::nullopt}, count});
    std::string out;
    for (const WindowsKey& key : windows_.take_changed(0)) {
      const auto edge = windows_.edge(key);
      out += std::to_string((key.time - at(0)).count() / 1'000) + ":" + (edge ? std::to_string(*edge) : "none") + " ";
    }
    return out;
  };
  EXPECT_EQ(changes(1), "5:1 15:-1 ");
  EXPECT_EQ(changes(2), "5:3 15:-3 ");
  EXPECT_EQ(changes(-3), "5:none 15:none ");
  EXPECT_EQ(changes(1), "5:1 15:-1 ");
  windows_.add_visits(all, {{at(0), std::nullopt}, 1});
  windows_.drop_changed();
  EXPECT_TRUE(windows_.take_changed(0).empty());
  EXPECT_EQ(changes(1), "5:3 15:-3 ");
}

TEST_F(WindowsTest, CreditTouchpointsByTheChainOfThePathsInTheWindow) {
  add_path(0, 0, kToConversion);
  add_path(5, 1, kToConversion);
  std::string out;
  windows_.close_until(at(60), everything_, [&](const Row& row) { append_chain_credit(row, out); });
  EXPECT_EQ(out, "5:ad=1000000 10:page=1000000 15:ad=nothing 20:page=nothing ");
}

TEST_F(WindowsTest, CreditOnlyTouchpointsWhoseRowsTheyWrite) {
  elsewhere_ = "ad";
  add_path(0, 0, kToConversion);
  add_path(0, 1, kToConversion);
  std::string out;
  windows_.close_until(at(60), everything_, [&](const Row& row) { append_chain_credit(row, out); });
  EXPECT_EQ(out, "5:page=1000000 15:page=nothing ");
}

TEST_F(WindowsTest, CreditTheSameAfterTheirStateWasPutBack) {
  add_path(0, 0, kToConversion);
  add_path(0, 1, kToLapse);
  add_path(5, 1, kToConversion);
  (void)close(5);
  Windows again = made();
  put_back(again);
  std::string expected;
  std::string actual;
  windows_.close_until(at(60), everything_, [&](const Row& row) { append_chain_credit(row, expected); });
  again.close_until(at(60), everything_, [&](const Row& row) { append_chain_credit(row, actual); });
  EXPECT_EQ(actual, expected);
  EXPECT_EQ(expected, "10:page=1000000 15:ad=nothing 20:page=nothing ");
}

TEST(JoinedWatermark, IsTheLowestOfThoseThatAreNotSilent) {
  JoinedWatermark joined(2);
  joined.update(0, at(10), false);
  EXPECT_FALSE(joined.value()) << "a source not yet heard of holds it back";
  joined.update(1, at(5), false);
  EXPECT_EQ(joined.value(), at(5));
  joined.update(1, at(5), true);
  EXPECT_EQ(joined.value(), at(10)) << "a silent one does not";
  joined.update(0, at(10), true);
  EXPECT_EQ(joined.value(), at(10));
  joined.update(1, at(7), false);
  EXPECT_EQ(joined.value(), at(10)) << "it never goes back";
}

}  // namespace
}  // namespace touchstone
