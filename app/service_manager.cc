#include "app/service_manager.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace touchstone {
namespace {

std::string_view in_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

std::int64_t whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? value : 0;
}

}  // namespace

ServiceManager ServiceManager::from_environment() {
  // The variables may have been inherited from a service that started us; then they are not about us.
  const std::string_view watched = in_environment("WATCHDOG_PID");
  const bool is_ours = watched.empty() || whole_number(watched) == getpid();
  const std::int64_t silence = is_ours ? std::max<std::int64_t>(whole_number(in_environment("WATCHDOG_USEC")), 0) : 0;
  return {std::string(in_environment("NOTIFY_SOCKET")), std::chrono::microseconds{silence}};
}

void ServiceManager::ready() const { tell("READY=1"); }

void ServiceManager::stopping() const { tell("STOPPING=1"); }

void ServiceManager::status(const std::string& line) {
  if (line == status_) return;
  status_ = line;
  std::string one_line = "STATUS=" + line;
  std::replace(one_line.begin(), one_line.end(), '\n', ' ');
  tell(one_line);
}

void ServiceManager::alive(Clock::time_point now) {
  if (silence_.count() == 0 || (told_ && now - *told_ < silence_ / 2)) return;
  told_ = now;
  tell("WATCHDOG=1");
}

void ServiceManager::tell(std::string_view what) const {
  sockaddr_un to{};
  if (address_.empty() || address_.size() >= sizeof(to.sun_path)) return;
  to.sun_family = AF_UNIX;
  std::copy(address_.begin(), address_.end(), to.sun_path);
  if (to.sun_path[0] == '@') to.sun_path[0] = '\0';
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  (void)sendto(socket, what.data(), what.size(), MSG_NOSIGNAL | MSG_DONTWAIT, reinterpret_cast<const sockaddr*>(&to),
               size);
  close(socket);
}

}  // namespace touchstone
