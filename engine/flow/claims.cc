#include "engine/flow/claims.h"

#include <cassert>

namespace touchstone {

Claims::Claim Claims::take(const TaskId& task) {
  std::unique_lock lock(mutex_);
  ++run_[task];
  let_go_.wait(lock, [&] { return copied_ != task; });
  return {*this, task, Use::kRun};
}

std::optional<Claims::Claim> Claims::take_to_copy(const TaskId& task) {
  const std::scoped_lock lock(mutex_);
  assert(!copied_);
  if (run_.contains(task)) return std::nullopt;
  copied_ = task;
  return Claim(*this, task, Use::kCopy);
}

bool Claims::wanted() const {
  const std::scoped_lock lock(mutex_);
  return copied_ && run_.contains(*copied_);
}

void Claims::give_back(const TaskId& task, Use use) {
  {
    const std::scoped_lock lock(mutex_);
    if (use == Use::kCopy) {
      copied_.reset();
    } else if (const auto found = run_.find(task); --found->second == 0) {
      run_.erase(found);
    }
  }
  if (use == Use::kCopy) let_go_.notify_all();
}

}  // namespace touchstone
