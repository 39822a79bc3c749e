#include "app/signals.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <string_view>
#include <thread>

#include <unistd.h>

#include "app/exit_code.h"

namespace touchstone {
namespace {

volatile std::sig_atomic_t stops_noted = 0;
volatile std::sig_atomic_t reload_noted = 0;

extern "C" void note_stop(int /*signal*/) {
  if (stops_noted == 2) std::_Exit(kExitFailed);
  stops_noted = stops_noted + 1;
  // The kernel keeps this promise even if the thread that looks at the signals hangs itself.
  constexpr auto kStop = static_cast<unsigned>(Signals::kLongestStop.count());
  constexpr auto kHurry = static_cast<unsigned>(Signals::kLongestHurry.count());
  const unsigned left = alarm(0);
  alarm(stops_noted == 1 ? kStop : std::clamp(left, 1U, kHurry));
}

extern "C" void note_reload(int /*signal*/) { reload_noted = 1; }

extern "C" void end_at_once(int /*signal*/) {
  constexpr std::string_view kWhy =
      "touchstone: left without waiting any longer for what does not end; the next start goes on from the last "
      "commit\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kWhy.data(), kWhy.size());
  std::_Exit(kExitFailed);
}

}  // namespace

Signals::Signals() {
  struct sigaction action{};
  sigemptyset(&action.sa_mask);
  action.sa_handler = end_at_once;
  sigaction(SIGALRM, &action, nullptr);
  action.sa_handler = note_stop;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  action.sa_handler = note_reload;
  sigaction(SIGHUP, &action, nullptr);
  // A closed terminal or pipe is told by the write that fails.
  std::signal(SIGPIPE, SIG_IGN);
}

bool Signals::stop_requested() const { return stops_noted > 0; }

bool Signals::take_reload() const {
  if (reload_noted == 0) return false;
  reload_noted = 0;
  return true;
}

void Signals::end_soon() const {
  if (!stop_requested()) alarm(static_cast<unsigned>(kLongestStop.count()));
}

bool Signals::hurry_requested() const { return stops_noted > 1; }

void Signals::wait(Millis time) const {
  constexpr Millis kTick{20};
  const std::sig_atomic_t before = stops_noted;
  for (Millis waited{0}; waited < time && stops_noted == before; waited += kTick) std::this_thread::sleep_for(kTick);
}

}  // namespace touchstone
