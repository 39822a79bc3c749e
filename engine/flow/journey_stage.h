// The journey stage: works by customer. Decodes each record, finds its customer, lets the model say what it means
// (journey.h), writes interactions, transitions and conversions, and sends the changes of cells on to the windows
// stage. Bad records go to the dead letters.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/flow/customers.h"
#include "engine/flow/delta_sender.h"
#include "engine/flow/pseudonym.h"
#include "engine/flow/slices.h"
#include "engine/flow/stage.h"
#include "engine/flow/topic_names.h"
#include "engine/model/delta.h"
#include "engine/model/journey.h"
#include "engine/model/watermark.h"
#include "engine/wire/intake_envelope.h"
#include "engine/wire/json.h"
#include "engine/wire/records.h"

namespace touchstone {

struct JourneyOptions {
  RulesInForce rules;
  TopicNames topics;
  Partition partition;
  std::int32_t partitions = 1;        ///< of the topic this stage reads
  std::int32_t delta_partitions = 1;  ///< of the topic it sends deltas to
  /// Source partitions merged by an intake into the topic this stage reads; 0: it reads the input itself.
  std::int32_t intake_sources = 0;
  std::string sources_text;  ///< names the intake's sources in their order, for the fingerprint
  /// The partition a key belongs to, where the input says how it was partitioned; a mismatch is counted.
  std::function<Partition(std::string_view key)> expected_partition;
  bool writes_interactions = true;  ///< a derived record for each event; what is counted does not depend on it
  Pseudonym pseudonym;              ///< of customers in derived records, where their ids are not to stand there
};

class JourneyStage final : public Stage {
 public:
  /// Borrows the slices, which must outlive it; shares the decoder with stages of its thread.
  JourneyStage(JourneyOptions options, std::shared_ptr<Decoder> decoder, const Slices& slices);

  Result<void> process(const Record& record, Output& out) override;
  void silence() override { silent_ = true; }
  void end(const EndOfInput& end, Output& out) override;
  [[nodiscard]] std::optional<EventTime> highest() const override { return highest_.highest(); }
  [[nodiscard]] bool ended(std::uint64_t session) const override { return ended_ == session; }
  [[nodiscard]] std::optional<KnownCustomer> customer(std::string_view id) const override;
  void flush(Output& out) override;
  [[nodiscard]] std::string fingerprint() const override;
  [[nodiscard]] std::shared_ptr<const std::string> rules_text() const override { return options_.rules.text; }
  [[nodiscard]] std::string position_state() const override;
  std::vector<TableChange> take_changes(std::uint32_t slice) override;
  void drop_changes() override;
  bool restore(std::string_view key, std::string_view value) override;
  bool restored(const std::vector<std::string>& slice_states, const std::string& from) override;
  void publish(Board& board, const TaskId& task, bool everything) override;

 private:
  /// A record with the coordinates it came with, also behind an intake.
  struct Arrival {
    Record record;
    Source source;
    Offset at;  ///< in the log this stage reads
    std::int32_t intake_source = 0;
  };

  void hear(const Envelope& envelope, Offset at, Output& out);
  void end_at(const EndOfInput& end, Offset at, Output& out);
  void process_arrival(const Arrival& arrival, Output& out);
  void handle(const Event& event, const Arrival& arrival, Output& out);
  void advance(const Event& event, const Arrival& arrival);
  /// Customers due by the watermark lapse; those due before it stood at `before` are late and not counted.
  void lapse_until(EventTime watermark, std::optional<EventTime> before, Offset at, Output& out);
  void forget(std::string_view id, Offset at, Output& out);
  void write_observation(const Event& event, const Observation& seen, const Source& source, Output& out) const;
  void write_transition(const Transition& transition, CustomerName customer, Output& out) const;
  [[nodiscard]] CustomerName name_of(std::string_view customer) const;
  [[nodiscard]] std::optional<EventTime> watermark() const;

  JourneyOptions options_;
  const Rules& rules_;
  std::shared_ptr<Decoder> decoder_;
  const Slices& slices_;

  Customers customers_;
  DeltaSender sender_;

  HighestTime highest_;
  JoinedWatermark intake_marks_;            ///< behind an intake: what its sources have told
  std::vector<std::uint64_t> intake_ends_;  ///< by source: the session in which it ended; 0: it has not
  std::optional<std::uint64_t> ended_;
  std::optional<EventTime> ended_at_;  ///< the watermark never lies below the end of an input
  bool silent_ = false;

  DeltaSet deltas_;
  std::optional<SourceState> sent_;  ///< what the windows stage was last told
};

}  // namespace touchstone
