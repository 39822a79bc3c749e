#include "engine/model/panes.h"

#include <limits>
#include <random>

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

TEST(Panes, HoldTheSameBeforeAndAfterTheyArePacked) {
  std::mt19937_64 random(3);
  Panes panes;
  for (CellIndex cell = 0; cell < 300; ++cell) {
    Cell& amounts = panes.at(at(0), cell * 7);
    amounts.add({MeasureKind::kStage, static_cast<std::uint16_t>(random())}, static_cast<std::int64_t>(random()));
    amounts.add({MeasureKind::kMove, kToConversion}, 1);
    amounts.add({MeasureKind::kValueWhole, 0}, std::numeric_limits<std::int64_t>::min());
    amounts.add({MeasureKind::kCreditFraction, 5}, -1 - static_cast<std::int64_t>(cell));
  }
  const auto before = cells_of(panes, at(0));
  panes.pack(at(0));
  EXPECT_EQ(cells_of(panes, at(0)), before);
  EXPECT_EQ(panes.find(at(0), 14), before.at(14));
  EXPECT_FALSE(panes.find(at(0), 15));
  EXPECT_FALSE(panes.find(at(5), 14));
}

TEST(Panes, AreAddedToAlsoWhenPacked) {
  Panes panes;
  panes.at(at(0), 1) = cell_of(2);
  panes.at(at(0), 2) = cell_of(3);
  panes.pack(at(0));
  panes.at(at(0), 1).add(cell_of(5));
  EXPECT_EQ(panes.find(at(0), 1), cell_of(7));
  EXPECT_EQ(panes.find(at(0), 2), cell_of(3));
}

TEST(Panes, AreFoundInOrderOfTimePackedOrNot) {
  Panes panes;
  EXPECT_FALSE(panes.first());
  for (const int second : {30, 10, 20}) panes.at(at(second), 1) = cell_of(1);
  panes.pack(at(10));
  EXPECT_EQ(panes.first(), at(10));
  EXPECT_EQ(panes.first_from(at(11)), at(20));
  panes.pack(at(20));
  EXPECT_EQ(panes.first_from(at(11)), at(20));
  EXPECT_EQ(panes.first_from(at(21)), at(30));
  EXPECT_FALSE(panes.first_from(at(31)));
  int seen = 0;
  panes.visit_all([&](EventTime, CellIndex, const Cell& amounts) {
    seen += static_cast<int>(amounts.at({MeasureKind::kInteractions, 0}));
  });
  EXPECT_EQ(seen, 3);
}

TEST(Panes, LoseCellsAndAreGoneWithTheLast) {
  Panes panes;
  for (const bool packed : {false, true}) {
    for (CellIndex cell = 0; cell < 4; ++cell) panes.at(at(0), cell) = cell_of(1);
    if (packed) panes.pack(at(0));
    panes.erase_if(at(0), [](CellIndex cell) { return cell % 2 == 0; });
    EXPECT_EQ(cells_of(panes, at(0)).size(), 2U);
    EXPECT_FALSE(panes.find(at(0), 2));
    EXPECT_TRUE(panes.find(at(0), 3));
    panes.erase_if(at(0), [](CellIndex) { return true; });
    EXPECT_FALSE(panes.first());
  }
}

TEST(Panes, KeepNothingOfAPaneThatIsAllZero) {
  Panes panes;
  (void)panes.at(at(0), 1);
  EXPECT_FALSE(panes.find(at(0), 1));
  panes.pack(at(0));
  EXPECT_FALSE(panes.first());
}

}  // namespace
}  // namespace touchstone
