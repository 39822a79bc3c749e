// How changes of cells become records: the sums of what is read are those that were sent, however it was cut.
#include "engine/flow/delta_sender.h"

#include <cstdint>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "engine/wire/records.h"
#include "tests/support/maps.h"

namespace touchstone {
namespace {

using testing::at;

constexpr std::int32_t kPartitions = 3;

class DeltaSenderTest : public ::testing::Test {
 protected:
  /// What was sent, by partition.
  std::map<Partition, std::vector<DeltaBatch>> send() {
    Output out;
    sender_.send(deltas_.take(), out);
    std::map<Partition, std::vector<DeltaBatch>> sent;
    for (const OutRecord& record : out.records) {
      EXPECT_EQ(record.topic, "deltas");
      EXPECT_LT(record.value->size(), std::size_t{1} << 20);
      auto batch = decode_deltas(*record.value, names_);
      EXPECT_TRUE(batch && !batch->head.has_mark && batch->head.source == 1 && batch->head.sources == 2);
      if (batch) sent[*record.partition].push_back(std::move(*batch));
    }
    return sent;
  }

  std::shared_ptr<const Rules> rules_ = testing::small_rules();
  Names names_ = rules_->names();
  DeltaSender sender_{{"deltas", kPartitions, Partition(1), 2}, *rules_};
  DeltaSet deltas_;
};

TEST_F(DeltaSenderTest, CutsWhatIsTooMuchForOneRecord) {
  const CellNo all{Scope::kAll, CellNo::kAllNumber, CellNo::kAllNumber};
  const CellNo paths{Scope::kPaths, CellNo::kAllNumber, CellNo::kAllNumber};
  constexpr std::int64_t kVisits = 45'000;
  for (std::int64_t i = 0; i < kVisits; ++i) {
    deltas_.sums(all, at(5 * (i / 10'000))).add(measure_key(MeasureKind::kInteractions), 1);
    deltas_.count_visit(all, {{at(5 * i), std::nullopt}, 2});
    if (i < 25'000) deltas_.count_item(paths, at(i % 2), "path-" + std::to_string(i));
  }
  std::int64_t interactions = 0;
  std::int64_t visits = 0;
  std::size_t items = 0;
  std::size_t records = 0;
  for (const auto& [partition, batches] : send()) {
    for (const DeltaBatch& batch : batches) {
      ++records;
      for (const NamedDelta& named : batch.deltas) {
        EXPECT_EQ(partition_of_cell(named.cell, kPartitions), partition);
        for (const auto& [pane, cell] : named.delta.panes) interactions += cell.at({MeasureKind::kInteractions, 0});
        for (const VisitCount& visit : named.delta.visits) visits += visit.count;
        for (const auto& [pane, each] : named.delta.items) items += each.size();
      }
    }
  }
  EXPECT_EQ(interactions, kVisits);
  EXPECT_EQ(visits, 2 * kVisits);
  EXPECT_EQ(items, 25'000U);
  EXPECT_GE(records, 5U);
}

TEST_F(DeltaSenderTest, TellsEveryPartitionOfChainsAndOneOfTheRest) {
  const CellNo chain{Scope::kChain, CellNo::kAllNumber, 0};
  const CellNo page{Scope::kTouchpoint, 1, 0};
  const CellNo gone{Scope::kTouchpoint, 0, 0};
  deltas_.sums(chain, at(0)).add(measure_key(MeasureKind::kMove, 1), 3);
  deltas_.sums(page, at(0)).add(measure_key(MeasureKind::kInteractions), 4);
  deltas_.sums(gone, at(0)).add(measure_key(MeasureKind::kInteractions), 5);
  deltas_.sums(gone, at(0)).add(measure_key(MeasureKind::kInteractions), -5);
  std::map<CellKey, int> told;
  for (const auto& [partition, batches] : send()) {
    for (const DeltaBatch& batch : batches) {
      for (const NamedDelta& named : batch.deltas) ++told[named.cell];
    }
  }
  const std::map<CellKey, int> expected = {{key_of(chain, *rules_), kPartitions}, {key_of(page, *rules_), 1}};
  EXPECT_EQ(told, expected);
  EXPECT_TRUE(send().empty()) << "it is handed over once";
}

}  // namespace
}  // namespace touchstone
