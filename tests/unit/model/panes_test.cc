#include "engine/model/panes.h"

#include <limits>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "tests/support/maps.h"

namespace touchstone {
namespace {

using testing::at;

Cell cell_of(std::int64_t interactions) {
  Cell cell;
  cell.add({MeasureKind::kInteractions, 0}, interactions);
  return cell;
}

std::map<CellIndex, Cell> cells_of(const Panes& panes, EventTime begin) {
  std::map<CellIndex, Cell> cells;
  panes.visit(begin, [&](CellIndex cell, const Cell& amounts) { cells.emplace(cell, amounts); });
  return cells;
}

TEST(Panes, HoldTheSameBeforeAndAfterTheyAreShelved) {
  std::mt19937_64 random(3);
  Panes panes(memory_shelf());
  for (CellIndex cell = 0; cell < 300; ++cell) {
    Cell& amounts = panes.at(at(0), cell * 7);
    amounts.add({MeasureKind::kStage, static_cast<std::uint16_t>(random())}, static_cast<std::int64_t>(random()));
    amounts.add({MeasureKind::kMove, kToConversion}, 1);
    amounts.add({MeasureKind::kValueWhole, 0}, std::numeric_limits<std::int64_t>::min());
    amounts.add({MeasureKind::kCreditFraction, 5}, -1 - static_cast<std::int64_t>(cell));
  }
  const auto before = cells_of(panes, at(0));
  panes.shelve_until(at(1));
  EXPECT_EQ(cells_of(panes, at(0)), before);
  EXPECT_EQ(panes.find(at(0), 14), before.at(14));
  EXPECT_FALSE(panes.find(at(0), 15));
  EXPECT_FALSE(panes.find(at(5), 14));
}

TEST(Panes, AreAddedToAlsoWhenShelved) {
  Panes panes(memory_shelf());
  panes.at(at(0), 1) = cell_of(2);
  panes.at(at(0), 2) = cell_of(3);
  panes.shelve_until(at(1));
  panes.at(at(0), 1).add(cell_of(5));
  EXPECT_EQ(panes.find(at(0), 1), cell_of(7));
  EXPECT_EQ(panes.find(at(0), 2), cell_of(3));
}

TEST(Panes, AreFoundInOrderOfTimeShelvedOrNot) {
  Panes panes(memory_shelf());
  EXPECT_FALSE(panes.first());
  for (const int second : {30, 10, 20}) panes.at(at(second), 1) = cell_of(1);
  panes.shelve_until(at(11));
  EXPECT_EQ(panes.first(), at(10));
  EXPECT_EQ(panes.first_from(at(11)), at(20));
  panes.shelve_until(at(21));
  EXPECT_EQ(panes.first_from(at(11)), at(20));
  EXPECT_EQ(panes.first_from(at(21)), at(30));
  EXPECT_FALSE(panes.first_from(at(31)));
}

TEST(Panes, LoseCellsAndAreGoneWithTheLast) {
  Panes panes(memory_shelf());
  for (const bool shelved : {false, true}) {
    for (CellIndex cell = 0; cell < 4; ++cell) panes.at(at(0), cell) = cell_of(1);
    if (shelved) panes.shelve_until(at(1));
    std::set<CellIndex> taken;
    const auto show = [&](CellIndex cell, const Cell& amounts) {
      EXPECT_EQ(amounts, cell_of(1));
      taken.insert(cell);
    };
    panes.take_out(at(0), [](CellIndex cell) { return cell % 2 == 0; }, show);
    EXPECT_EQ(taken, (std::set<CellIndex>{0, 2}));
    EXPECT_EQ(cells_of(panes, at(0)).size(), 2U);
    EXPECT_FALSE(panes.find(at(0), 2));
    EXPECT_TRUE(panes.find(at(0), 3));
    panes.take_out(at(0), [](CellIndex) { return true; }, show);
    EXPECT_EQ(taken.size(), 4U);
    EXPECT_FALSE(panes.first());
  }
}

TEST(Panes, KeepNothingOfAPaneThatIsAllZero) {
  Panes panes(memory_shelf());
  (void)panes.at(at(0), 1);
  EXPECT_FALSE(panes.find(at(0), 1));
  panes.shelve_until(at(1));
  EXPECT_FALSE(panes.first());
}

TEST(Panes, AreOnTheShelfOnlyWhileTheyWait) {
  auto owned = std::make_unique<MemoryShelf>();
  const MemoryShelf& shelf = *owned;
  Panes panes(std::move(owned));
  for (const int second : {10, 20, 30}) panes.at(at(second), 1) = cell_of(1);
  panes.shelve_until(at(30));
  EXPECT_EQ(shelf.size(), 2U);
  EXPECT_EQ(panes.find(at(10), 1), cell_of(1));
  panes.at(at(10), 1).add(cell_of(1));
  EXPECT_EQ(shelf.size(), 1U);
  EXPECT_EQ(panes.find(at(10), 1), cell_of(2)) << "what find() had read of it is no longer true";
  panes.shelve_until(at(11));
  EXPECT_EQ(shelf.size(), 2U);
  for (const int second : {10, 20})
    panes.take_out(at(second), [](CellIndex) { return true; }, [](auto, const auto&) {});
  EXPECT_EQ(shelf.size(), 0U);
  EXPECT_EQ(panes.first(), at(30));
}

TEST(Panes, ArePutBackAndThenAddedTo) {
  Panes panes(memory_shelf());
  panes.restore(at(0), 1, cell_of(1));
  panes.restore(at(0), 2, cell_of(2));
  panes.restore(at(10), 1, cell_of(3));
  std::string shown;
  panes.restored([&](EventTime begin, CellIndex cell, const Cell& amounts) {
    shown += std::to_string((begin - at(0)).count() / 1'000) + "/" + std::to_string(cell) + "=" +
             std::to_string(amounts.at({MeasureKind::kInteractions, 0})) + " ";
  });
  EXPECT_EQ(shown, "0/1=1 0/2=2 10/1=3 ");
  panes.at(at(10), 1).add(cell_of(4));
  EXPECT_EQ(panes.find(at(10), 1), cell_of(7));
  EXPECT_EQ(panes.find(at(0), 2), cell_of(2));
}

}  // namespace
}  // namespace touchstone
