// A question to a worker about one customer, asked by another thread: a small mailbox that the worker looks into
// between its turns, when everything that it has processed is committed. So what is answered is what readers of the
// topics see.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "engine/model/customer.h"
#include "engine/model/result.h"
#include "engine/model/rules.h"

namespace touchstone {

/// What a worker knows of a customer.
struct CustomerAnswer {
  std::optional<Customer> customer;
  std::shared_ptr<const Rules> rules;  ///< by whose numbers; with a customer
  std::size_t partitions = 0;          ///< of which it holds the customers
};

/// Thread-safe. One worker answers; any number of threads ask.
class Questions {
 public:
  static constexpr std::size_t kWaiting = 64;

  /// Waits for the answer. kRetry: too many are asked, or none came in time.
  Result<CustomerAnswer> ask(std::string customer, Millis patience) {
    const auto question = std::make_shared<Question>();
    question->customer = std::move(customer);
    std::unique_lock lock(mutex_);
    if (waiting_.size() >= kWaiting) return Error(ErrorKind::kRetry, "too many questions are waiting");
    waiting_.push_back(question);
    if (answered_.wait_for(lock, patience, [&] { return question->answer.has_value(); })) {
      return std::move(*question->answer);
    }
    std::erase(waiting_, question);
    return Error(ErrorKind::kRetry, "the worker that knows did not answer in time");
  }

  /// Called by the worker: answers whatever is waiting.
  void serve(const std::function<CustomerAnswer(const std::string& customer)>& answer) {
    const std::scoped_lock lock(mutex_);
    if (waiting_.empty()) return;
    for (const auto& question : waiting_) question->answer = answer(question->customer);
    waiting_.clear();
    answered_.notify_all();
  }

 private:
  struct Question {
    std::string customer;
    std::optional<CustomerAnswer> answer;
  };
  std::mutex mutex_;
  std::condition_variable answered_;
  std::deque<std::shared_ptr<Question>> waiting_;
};

}  // namespace touchstone
