#include "engine/flow/load_together.h"

#include <future>

namespace touchstone {

std::vector<Result<void>> load_together(std::span<Task* const> tasks, Tables& tables, const Task::Restoring& with) {
  if (tasks.size() == 1) return {tasks.front()->load(tables, with)};
  std::vector<std::future<Result<void>>> loading;
  loading.reserve(tasks.size());
  for (Task* task : tasks) {
    loading.push_back(std::async(std::launch::async, [task, &tables, &with] { return task->load(tables, with); }));
  }
  std::vector<Result<void>> said;
  said.reserve(tasks.size());
  for (auto& each : loading) said.push_back(each.get());
  return said;
}

}  // namespace touchstone
