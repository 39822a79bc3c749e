// One step of the way from events to rows, working on one partition of its input. A stage knows what records
// mean; its Task knows where it stands in the log and what must be written to come back there.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/flow/board.h"
#include "engine/flow/counts.h"
#include "engine/flow/ports.h"
#include "engine/model/customer.h"
#include "engine/model/rules.h"
#include "engine/model/watermark.h"

namespace touchstone {

/// What a stage hands out. Everything of one commit becomes visible together, or not at all.
struct Output {
  std::vector<OutRecord> records;
  Counts counts;
  bool unseen = false;  ///< all of it was handed out before and is dropped: records need not be made
};

/// Rules, and the text they can be made from again, which is recorded with the state that they led to. One text is
/// always the same object, so texts are compared by address. Without a text the rules are never recorded.
struct RulesInForce {
  std::shared_ptr<const Rules> rules;
  std::shared_ptr<const std::string> text;
};

/// A copy of a customer, with the rules by whose numbers it speaks.
struct KnownCustomer {
  Customer customer;
  std::shared_ptr<const Rules> rules;
};

/// One thread owns it. Everything it does follows from the records, in their order, and the calls below.
class Stage {
 public:
  Stage() = default;
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  virtual ~Stage() = default;

  /// kReject: the record does not belong in this log; nothing can be done but to stop.
  virtual Result<void> process(const Record& record, Output& out) = 0;

  /// The input was read to its end and nothing came for the idle time. A later record ends the silence.
  virtual void silence() {}

  /// The input ends here. Only stages that read the outermost input are told; the others read it in their log.
  virtual void end(const EndOfInput& /*end*/, Output& /*out*/) {}
  /// Highest event time of what was read, for finding out where the input ends.
  [[nodiscard]] virtual std::optional<EventTime> highest() const { return std::nullopt; }
  /// True once the log has said that the input ended in this run.
  [[nodiscard]] virtual bool ended(std::uint64_t /*session*/) const { return false; }

  /// Sends what was combined since the last call. Called before every commit.
  virtual void flush(Output& out) = 0;

  /// Everything baked into the state; a task refuses state with another one. Empty: this stage keeps no state.
  [[nodiscard]] virtual std::string fingerprint() const = 0;
  /// The text of the rules that it works by; nothing: they are the same for good.
  [[nodiscard]] virtual std::shared_ptr<const std::string> rules_text() const { return nullptr; }
  /// What must be known besides the keyed state, as of now.
  [[nodiscard]] virtual std::string position_state() const = 0;
  /// The keys of a slice that changed since they were last taken, with their present values.
  virtual std::vector<TableChange> take_changes(std::uint32_t slice) = 0;
  /// Instead of taking them, where nobody keeps them.
  virtual void drop_changes() = 0;

  /// Puts one key back. False: these are not bytes of this stage.
  virtual bool restore(std::string_view key, std::string_view value) = 0;
  /// After the last key: the state of each slice's position, and that to go on from.
  virtual bool restored(const std::vector<std::string>& slice_states, const std::string& from) = 0;

  /// What is remembered of a customer; nothing where the stage knows no such customer, or none at all.
  [[nodiscard]] virtual std::optional<KnownCustomer> customer(std::string_view /*id*/) const { return std::nullopt; }

  /// Tells the board what the last commit made true; `everything` after a restore.
  virtual void publish(Board& board, const TaskId& task, bool everything) = 0;
};

}  // namespace touchstone
