// The rules in force, which may change while the engine runs, and rules of former times, made again from the text that
// is recorded with the state they led to.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/flow/stage.h"
#include "engine/model/rules.h"

namespace touchstone {

/// Thread-safe.
class RulesBook {
 public:
  /// Rules that stay the same for good, and are not recorded.
  explicit RulesBook(std::shared_ptr<const Rules> rules);
  /// Rules that were made of the map's text.
  RulesBook(std::shared_ptr<const Rules> rules, std::string_view map);

  [[nodiscard]] RulesInForce current() const;
  /// From now on. False if they are those in force already.
  bool change(std::shared_ptr<const Rules> rules, std::string_view map);

  /// The rules of a recorded text. What is not in the text, the windows and what else is part of a state's fingerprint,
  /// is as in the rules in force. kReject: this version cannot read it.
  [[nodiscard]] Result<RulesInForce> recorded(std::string_view text);

 private:
  mutable std::mutex mutex_;
  std::vector<RulesInForce> known_;  ///< each text once; the last one is in force
};

/// What is recorded of rules: the map as it was written, and the settings that decide what an event means.
[[nodiscard]] std::string rules_text(const Settings& settings, std::string_view map);

}  // namespace touchstone
