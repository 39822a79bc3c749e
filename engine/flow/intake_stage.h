// The intake stage: merges several input topics, or inputs not keyed by customer, into one topic keyed by
// customer. It passes records on byte for byte, with their original coordinates beside them, and tells every
// partition how far each source has come. What a record means is decided behind it; it refuses only what has no
// customer to be keyed by. It keeps no state: marks never go back, so one that is told late or again is harmless.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/flow/stage.h"
#include "engine/flow/topic_names.h"
#include "engine/model/watermark.h"

namespace touchstone {

struct IntakeOptions {
  TopicNames topics;
  std::int32_t source = 0;   ///< this partition's number among all source partitions
  std::int32_t sources = 1;  ///< of all input topics together
  std::int32_t event_partitions = 1;
};

class IntakeStage final : public Stage {
 public:
  /// Borrows the decoder, which must outlive it.
  IntakeStage(IntakeOptions options, Decoder& decoder);

  Result<void> process(const Record& record, Output& out) override;
  void silence() override { silent_ = true; }
  void end(const EndOfInput& end, Output& out) override;
  [[nodiscard]] std::optional<EventTime> highest() const override { return highest_.highest(); }
  void flush(Output& out) override;
  [[nodiscard]] std::string fingerprint() const override { return {}; }
  [[nodiscard]] std::string position_state() const override { return {}; }
  std::vector<TableChange> take_changes(std::uint32_t /*slice*/) override { return {}; }
  void drop_changes() override {}
  bool restore(std::string_view /*key*/, std::string_view /*value*/) override { return false; }
  bool restored(const std::vector<std::string>& /*slice_states*/, const std::string& /*from*/) override { return true; }
  void publish(Board& /*board*/, const TaskId& /*task*/, bool /*everything*/) override {}

 private:
  void tell(const std::optional<EndOfInput>& end, Output& out);

  IntakeOptions options_;
  Decoder& decoder_;
  HighestTime highest_;
  bool silent_ = false;
  std::optional<SourceState> told_;  ///< what the journey stage was last told
};

}  // namespace touchstone
