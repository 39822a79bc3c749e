// Tables in memory: for `replay`, which keeps nothing, and for tests and the simulation, which need to see
// and to break what is kept. Passes the same contract test as RocksTables. Not for `run`: nothing survives.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/flow/ports.h"
#include "engine/model/result.h"

namespace touchstone {

struct MemoryTablesOptions {
  Millis deletions_kept{0};  ///< in the changelogs; 0: for ever
  std::function<TablesTime()> wall_clock = std::chrono::system_clock::now;
};

/// Thread-safe as a whole; one lock, held for no longer than a copy of one task takes.
class MemoryTables : public Tables {
 public:
  explicit MemoryTables(MemoryTablesOptions options = {});

  Result<void> apply(std::vector<TaskChanges> changes) override;
  /// Shows the task as it was when the call began; the visitor may call these tables.
  Result<void> scan(const TaskId& task, const Visit& visit) override;
  Result<std::optional<TableChange>> first(const TaskId& task) override;
  Result<void> clear(const TaskId& task) override;
  [[nodiscard]] TablesTime now() override { return options_.wall_clock(); }
  /// Bytes of all keys and values, without the cost of holding them.
  std::uint64_t size_bytes() override;
  Result<void> room() override;

  /// Fault injection: the next apply changes nothing and returns this error.
  void fail_next_apply(Error error);
  /// Fault injection: room() returns this error from now on, or none any more.
  void set_room(std::optional<Error> lacking);

 private:
  using Table = std::map<std::string, std::string, std::less<>>;

  void put(Table& table, TableChange change);
  void remove(const TaskId& task);
  void forget_if_old(const TaskId& task);

  const MemoryTablesOptions options_;
  std::mutex mutex_;
  std::map<TaskId, Table> tables_;
  std::map<TaskId, TablesTime> as_of_;
  std::uint64_t size_bytes_ = 0;
  std::optional<Error> next_failure_;
  std::optional<Error> lacking_room_;
};

}  // namespace touchstone
