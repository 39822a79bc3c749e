// Jobs that run when a test says so, and not in threads.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <utility>

#include "engine/flow/ports.h"

namespace touchstone::testing {

class HeldJobs {
 public:
  [[nodiscard]] std::unique_ptr<RunningJob> begin(std::function<void()> job) {
    waiting_.push_back(std::make_shared<std::function<void()>>(std::move(job)));
    return std::make_unique<Held>(waiting_.back());
  }
  /// How many were begun and have not run; those that nobody wants any more are among them.
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  void run_next() {
    const auto job = waiting_.front();
    waiting_.pop_front();
    if (const auto runs = std::exchange(*job, nullptr)) runs();
  }

 private:
  class Held final : public RunningJob {
   public:
    explicit Held(std::shared_ptr<std::function<void()>> job) : job_(std::move(job)) {}
    ~Held() override { *job_ = nullptr; }
    [[nodiscard]] bool ended() const override { return *job_ == nullptr; }

   private:
    const std::shared_ptr<std::function<void()>> job_;  ///< empty once it has run, or nobody wants it
  };

  std::deque<std::shared_ptr<std::function<void()>>> waiting_;
};

}  // namespace touchstone::testing
