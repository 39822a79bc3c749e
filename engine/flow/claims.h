// Which tasks' tables are in use: by the worker that runs the task, or by the keeper of standby copies, never by both.
// A worker never waits for another worker: the group sees to it that two do not run one task.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "engine/flow/ports.h"

namespace touchstone {

/// Thread-safe. Must outlive the claims.
class Claims {
 public:
  enum class Use : std::uint8_t { kRun, kCopy };

  /// Gives back at its end what was taken. Belongs to one thread at a time.
  class Claim {
   public:
    Claim() = default;
    Claim(Claim&& other) noexcept
        : claims_(std::exchange(other.claims_, nullptr)), task_(std::move(other.task_)), use_(other.use_) {}
    Claim& operator=(Claim&& other) noexcept {
      std::swap(claims_, other.claims_);
      std::swap(task_, other.task_);
      std::swap(use_, other.use_);
      return *this;
    }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    ~Claim() {
      if (claims_ != nullptr) claims_->give_back(task_, use_);
    }

   private:
    friend class Claims;
    Claim(Claims& claims, TaskId task, Use use) : claims_(&claims), task_(std::move(task)), use_(use) {}

    Claims* claims_ = nullptr;
    TaskId task_{};
    Use use_ = Use::kRun;
  };

  /// For a worker that is to run the task; waits until the keeper lets go of it, which is told by wanted().
  [[nodiscard]] Claim take(const TaskId& task);
  /// For the keeper, one task at a time; nothing while a worker has the task or waits for it.
  [[nodiscard]] std::optional<Claim> take_to_copy(const TaskId& task);
  /// True if a worker waits for what the keeper has.
  [[nodiscard]] bool wanted() const;

 private:
  void give_back(const TaskId& task, Use use);

  mutable std::mutex mutex_;
  std::condition_variable let_go_;
  std::map<TaskId, int> run_;  ///< by how many workers; those that wait count
  std::optional<TaskId> copied_;
};

}  // namespace touchstone
