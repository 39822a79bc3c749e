#include "state/memory_tables.h"

#include <utility>

#include "state/copy_age.h"

namespace touchstone {

MemoryTables::MemoryTables(MemoryTablesOptions options) : options_(std::move(options)) {}

Result<void> MemoryTables::apply(std::vector<TaskChanges> changes) {
  const std::lock_guard lock(mutex_);
  if (next_failure_) return *std::exchange(next_failure_, std::nullopt);
  for (TaskChanges& of_task : changes) {
    if (of_task.as_of) as_of_[of_task.task] = *of_task.as_of;
    if (of_task.changes.empty()) continue;
    Table& table = tables_[of_task.task];
    for (TableChange& change : of_task.changes) put(table, std::move(change));
    if (table.empty()) tables_.erase(of_task.task);
  }
  return {};
}

Result<void> MemoryTables::scan(const TaskId& task, const Visit& visit) {
  Table copy;
  {
    const std::lock_guard lock(mutex_);
    forget_if_old(task);
    if (const auto found = tables_.find(task); found != tables_.end()) copy = found->second;
  }
  for (const auto& [key, value] : copy) {
    if (!visit(key, value)) break;
  }
  return {};
}

Result<std::optional<TableChange>> MemoryTables::first(const TaskId& task) {
  const std::lock_guard lock(mutex_);
  forget_if_old(task);
  const auto found = tables_.find(task);
  if (found == tables_.end() || found->second.empty()) return std::optional<TableChange>();
  const auto& [key, value] = *found->second.begin();
  return std::optional(TableChange{key, value});
}

Result<void> MemoryTables::clear(const TaskId& task) {
  const std::lock_guard lock(mutex_);
  remove(task);
  return {};
}

void MemoryTables::remove(const TaskId& task) {
  as_of_.erase(task);
  const auto found = tables_.find(task);
  if (found == tables_.end()) return;
  for (const auto& [key, value] : found->second) size_bytes_ -= key.size() + value.size();
  tables_.erase(found);
}

void MemoryTables::forget_if_old(const TaskId& task) {
  if (!tables_.contains(task)) return;
  const auto as_of = as_of_.find(task);
  if (is_too_old(as_of == as_of_.end() ? std::nullopt : std::optional(as_of->second), now(), options_.deletions_kept)) {
    remove(task);
  }
}

std::uint64_t MemoryTables::size_bytes() {
  const std::lock_guard lock(mutex_);
  return size_bytes_;
}

void MemoryTables::fail_next_apply(Error error) {
  const std::lock_guard lock(mutex_);
  next_failure_ = std::move(error);
}

Result<void> MemoryTables::room() {
  const std::lock_guard lock(mutex_);
  if (lacking_room_) return *lacking_room_;
  return {};
}

void MemoryTables::set_room(std::optional<Error> lacking) {
  const std::lock_guard lock(mutex_);
  lacking_room_ = std::move(lacking);
}

void MemoryTables::put(Table& table, TableChange change) {
  const auto found = table.find(change.key);
  if (found != table.end()) size_bytes_ -= found->first.size() + found->second.size();
  if (!change.value) {
    if (found != table.end()) table.erase(found);
    return;
  }
  size_bytes_ += change.key.size() + change.value->size();
  if (found != table.end()) {
    found->second = std::move(*change.value);
  } else {
    table.emplace(std::move(change.key), std::move(*change.value));
  }
}

}  // namespace touchstone
