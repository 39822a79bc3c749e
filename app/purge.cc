#include "app/purge.h"

#include <algorithm>
#include <chrono>

#include <spdlog/spdlog.h>

namespace touchstone {
namespace {

/// How often it looks whether it is time; also how soon it tries again after a failure, such as a full disk.
constexpr Millis kLongestLook{60'000};
constexpr Millis kShortestLook{500};

}  // namespace

Purge::Purge(RocksTables& tables, Millis after) : tables_(tables), after_(after), thread_([this] { watch(); }) {}

Purge::~Purge() {
  cancel_ = true;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

void Purge::watch() {
  const Millis look = std::clamp(after_ / 10, kShortestLook, kLongestLook);
  std::unique_lock lock(mutex_);
  while (!stopped_.wait_for(lock, look, [&] { return stopping_; })) {
    lock.unlock();
    purge_if_due();
    lock.lock();
  }
}

void Purge::purge_if_due() {
  const auto since = tables_.remains_since();
  if (!since || std::chrono::system_clock::now() - *since < after_) return;
  const Result<void> purged = tables_.purge(cancel_);
  if (purged) {
    spdlog::info("the state's files are rid of what was forgotten");
  } else if (!cancel_) {
    spdlog::warn("what was forgotten is still in the state's files: {}", purged.error().message());
  }
}

}  // namespace touchstone
