// Rids the files of the state of what was forgotten, some time after it was: in a thread of its own, at most once in
// that time, beside the engine at its work.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "engine/model/time.h"
#include "state/rocks_tables.h"

namespace touchstone {

class Purge {
 public:
  /// Borrows the tables. `after`: how long what was forgotten may stay.
  Purge(RocksTables& tables, Millis after);
  Purge(const Purge&) = delete;
  Purge& operator=(const Purge&) = delete;
  /// Cancels what it is at; the next start goes on with it.
  ~Purge();

 private:
  void watch();
  void purge_if_due();

  RocksTables& tables_;
  const Millis after_;
  std::atomic<bool> cancel_{false};
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace touchstone
