// The windows stage: works by cell. Adds the changes that journey tasks send, follows their watermarks, and closes
// windows (windows.h): each closing writes the rows that differ from those before.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/flow/slices.h"
#include "engine/flow/stage.h"
#include "engine/flow/topic_names.h"
#include "engine/model/detect.h"
#include "engine/model/ranking.h"
#include "engine/model/rules.h"
#include "engine/model/shelf.h"
#include "engine/model/watermark.h"
#include "engine/model/windows.h"
#include "engine/wire/delta_batch.h"
#include "engine/wire/records.h"

namespace touchstone {

struct WindowOptions {
  RulesInForce rules;
  TopicNames topics;
  Partition partition;          ///< the one of the topic of deltas that this stage reads
  std::int32_t partitions = 1;  ///< of that topic
  std::int32_t sources = 1;     ///< partitions that journey tasks read
  MakeShelf make_shelf = memory_shelf;
};

class WindowStage final : public Stage {
 public:
  /// Borrows the slices, which must outlive it.
  WindowStage(WindowOptions options, const Slices& slices);

  Result<void> process(const Record& record, Output& out) override;
  [[nodiscard]] bool ended(std::uint64_t session) const override;
  void flush(Output& /*out*/) override {}
  [[nodiscard]] std::string fingerprint() const override;
  [[nodiscard]] std::shared_ptr<const std::string> rules_text() const override { return options_.rules.text; }
  [[nodiscard]] std::string position_state() const override;
  std::vector<TableChange> take_changes(std::uint32_t slice) override;
  void drop_changes() override;
  bool restore(std::string_view bytes, std::string_view value) override;
  bool restored(const std::vector<std::string>& slice_states, const std::string& from) override;
  void publish(Board& board, const TaskId& task, bool everything) override;

 private:
  void add(const NamedDelta& named, Offset at, Output& out);
  void close(const std::optional<EndOfInput>& end, Offset at, Output& out);
  void write_alerts(std::vector<Alert> alerts, Output& out) const;
  [[nodiscard]] Row shown(Row row) const;
  [[nodiscard]] Cell shown(const Cell& cell) const;
  [[nodiscard]] TableChange change_of(const WindowsKey& key) const;
  [[nodiscard]] TableChange change_of(const RankingStep& step) const;
  [[nodiscard]] TableChange change_of(CellIndex cell, DetectorPart part) const;

  WindowOptions options_;
  const Slices& slices_;
  Names names_;      ///< of the map, and others that deltas or state still speak of
  Windows windows_;  ///< grouped by slices
  Detectors detectors_;
  Rankings rankings_;  ///< over the longest window
  JoinedWatermark watermark_;
  std::vector<std::uint64_t> ends_;                    ///< by source: the session in which it ended; 0: it has not
  std::set<std::pair<std::size_t, CellIndex>> fresh_;  ///< windows and cells with a row since the board was last told
  std::optional<EventTime> told_;                      ///< closing of the longest window whose moves the board knows
};

}  // namespace touchstone
