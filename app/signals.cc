#include "app/signals.h"

#include <csignal>
#include <cstdlib>
#include <thread>

namespace touchstone {
namespace {

volatile std::sig_atomic_t stop_noted = 0;

extern "C" void note_stop(int /*signal*/) {
  if (stop_noted != 0) std::_Exit(1);
  stop_noted = 1;
}

}  // namespace

Signals::Signals() {
  struct sigaction action{};
  action.sa_handler = note_stop;
  sigemptyset(&action.sa_mask);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  // A closed terminal or pipe is told by the write that fails.
  std::signal(SIGPIPE, SIG_IGN);
}

bool Signals::stop_requested() const { return stop_noted != 0; }

void Signals::wait(Millis time) const {
  constexpr Millis kTick{20};
  for (Millis waited{0}; waited < time && !stop_requested(); waited += kTick) std::this_thread::sleep_for(kTick);
}

}  // namespace touchstone
