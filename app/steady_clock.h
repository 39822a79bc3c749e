// The clock of the machine, as the engine asks for it.
#pragma once

#include <chrono>

#include "engine/flow/ports.h"

namespace touchstone {

class SteadyClock final : public Clock {
 public:
  std::chrono::microseconds now() override {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch());
  }
};

}  // namespace touchstone
