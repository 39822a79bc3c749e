// Brings back the state of several tasks at once: each from its own part of the tables, in a thread of its own, as
// reading many keys costs CPU time and not waiting.
#pragma once

#include <span>
#include <vector>

#include "engine/flow/task.h"

namespace touchstone {

/// Task::load() of each, and what it said, in their order. Their tasks must have caught up. Blocks until all have
/// ended; an exception of one of them is thrown on then.
[[nodiscard]] std::vector<Result<void>> load_together(std::span<Task* const> tasks, Tables& tables,
                                                      const Task::Restoring& with);

}  // namespace touchstone
