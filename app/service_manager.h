// Tells systemd how the process is, where it was started as a service of `Type=notify` (sd_notify(3)): datagrams to the
// socket that the environment names. Everywhere else it does nothing.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace touchstone {

/// For one thread. What cannot be sent is not sent again: the manager that is gone needs no word.
class ServiceManager {
 public:
  using Clock = std::chrono::steady_clock;

  /// `address`: of a Unix socket, `@` in front for an abstract one; empty: nobody listens. `silence`: after how long
  /// without a word the manager takes the process for hung; zero: it does not watch.
  ServiceManager(std::string address, std::chrono::microseconds silence)
      : address_(std::move(address)), silence_(silence) {}
  /// By NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
  [[nodiscard]] static ServiceManager from_environment();

  /// It listens and works; whether it has its partitions is another question, which `status` answers.
  void ready() const;
  void stopping() const;
  /// One line for people. Sent only when it is another than before.
  void status(const std::string& line);
  /// To be called often: sent twice in each `silence`.
  void alive(Clock::time_point now);

 private:
  void tell(std::string_view what) const;

  std::string address_;
  std::chrono::microseconds silence_;
  std::string status_;
  std::optional<Clock::time_point> told_;  ///< that it is alive
};

}  // namespace touchstone
