// What systemd is told, on a socket like its own.
#include "app/service_manager.h"

#include <array>
#include <cstdlib>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/app/scratch.h"

namespace touchstone {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

/// A datagram socket at a path, or with an abstract name.
class Listener {
 public:
  explicit Listener(const std::string& address) : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    address.copy(at.sun_path, sizeof(at.sun_path) - 1);
    if (at.sun_path[0] == '@') at.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
    EXPECT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&at), size), 0);
  }
  ~Listener() { close(socket_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// What came first; nothing if nothing came.
  [[nodiscard]] std::optional<std::string> next() const {
    std::array<char, 4096> bytes{};
    const ssize_t size = recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0) return std::nullopt;
    return std::string(bytes.data(), static_cast<std::size_t>(size));
  }

 private:
  int socket_;
};

TEST(ServiceManager, IsToldWhatTheProcessDoes) {
  const Scratch scratch;
  const std::string address = scratch.written("notify", "");
  ASSERT_EQ(unlink(address.c_str()), 0);
  const Listener listener(address);
  ServiceManager service(address, microseconds{0});
  service.ready();
  service.status("waiting for\njourney-0");
  service.status("waiting for\njourney-0");
  service.status("running");
  service.stopping();
  EXPECT_EQ(listener.next(), "READY=1");
  EXPECT_EQ(listener.next(), "STATUS=waiting for journey-0");
  EXPECT_EQ(listener.next(), "STATUS=running");
  EXPECT_EQ(listener.next(), "STOPPING=1");
  EXPECT_EQ(listener.next(), std::nullopt);
}

TEST(ServiceManager, HearsTwiceInTheTimeItWaitsThatTheProcessLives) {
  const std::string address = "@touchstone-test-" + std::to_string(getpid());
  const Listener listener(address);
  ServiceManager service(address, seconds{10});
  const ServiceManager::Clock::time_point begin{};
  service.alive(begin);
  service.alive(begin + seconds{4});
  service.alive(begin + seconds{5});
  service.alive(begin + seconds{9});
  EXPECT_EQ(listener.next(), "WATCHDOG=1");
  EXPECT_EQ(listener.next(), "WATCHDOG=1");
  EXPECT_EQ(listener.next(), std::nullopt);
}

TEST(ServiceManager, IsNotToldThatTheProcessLivesUnlessItAsks) {
  const std::string address = "@touchstone-quiet-" + std::to_string(getpid());
  const Listener listener(address);
  setenv("NOTIFY_SOCKET", address.c_str(), 1);
  setenv("WATCHDOG_USEC", "1000000", 1);
  setenv("WATCHDOG_PID", "1", 1);  // somebody else
  ServiceManager service = ServiceManager::from_environment();
  service.alive(ServiceManager::Clock::now());
  EXPECT_EQ(listener.next(), std::nullopt);
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  service = ServiceManager::from_environment();
  service.alive(ServiceManager::Clock::now());
  EXPECT_EQ(listener.next(), "WATCHDOG=1");
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
}

TEST(ServiceManager, MayBeNobodyOrGone) {
  ServiceManager nobody("", seconds{1});
  nobody.ready();
  nobody.alive(ServiceManager::Clock::now());
  const ServiceManager gone("/nowhere/notify", seconds{1});
  gone.ready();
  const ServiceManager too_long(std::string(500, 'x'), seconds{1});
  too_long.ready();
}

}  // namespace
}  // namespace touchstone
