// A clock that stands still until it is moved: for `replay`, where time does not matter, and for tests.
#pragma once

#include "engine/flow/ports.h"

namespace touchstone {

class HandClock final : public Clock {
 public:
  std::chrono::microseconds now() override { return now_; }
  void advance(std::chrono::microseconds by) { now_ += by; }

 private:
  std::chrono::microseconds now_{};
};

}  // namespace touchstone
