// A server with a few routes and a client that speaks to it in raw bytes, for the tests of the HTTP server.
#pragma once

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exporters/health.h"
#include "exporters/http_server.h"

namespace touchstone {

inline constexpr std::size_t kLargeBody = std::size_t{64} << 20;
// So long that only a broken server lets a test run into it.
inline constexpr std::chrono::seconds kGuard{60};

class HttpTestClient {
 public:
  explicit HttpTestClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    wait_at_most(kGuard);
  }
  HttpTestClient(const HttpTestClient&) = delete;
  HttpTestClient& operator=(const HttpTestClient&) = delete;
  HttpTestClient(HttpTestClient&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
  HttpTestClient& operator=(HttpTestClient&&) = delete;
  ~HttpTestClient() {
    if (socket_ >= 0) ::close(socket_);
  }

  void wait_at_most(std::chrono::microseconds time) {
    const timeval limit{.tv_sec = time.count() / 1'000'000, .tv_usec = time.count() % 1'000'000};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // What comes next; empty at the end, nothing if nothing comes in time.
  std::optional<std::string> receive_some() {
    std::string bytes(65536, '\0');
    const ssize_t received = ::recv(socket_, bytes.data(), bytes.size(), 0);
    if (received < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return std::nullopt;
    bytes.resize(received > 0 ? static_cast<std::size_t>(received) : 0);
    return bytes;
  }

  std::string receive_all() {
    std::string all;
    for (auto some = receive_some(); some && !some->empty(); some = receive_some()) all += *some;
    return all;
  }

  // One response whose body ends with `ending`, without waiting for the connection's end.
  std::string receive_until(std::string_view ending) {
    std::string all;
    while (!all.ends_with(ending)) {
      const auto some = receive_some();
      if (!some || some->empty()) break;
      all += *some;
    }
    return all;
  }

  // Sends the request, says that no other follows, and returns everything that comes.
  std::string ask(std::string_view bytes) {
    send(bytes);
    ::shutdown(socket_, SHUT_WR);
    return receive_all();
  }

 private:
  int socket_;
};

// Lets a handler wait until the test goes on.
class Gate {
 public:
  void wait_until_entered() { entered_.get_future().wait(); }
  void open() { opened_.set_value(); }
  void pass() {
    entered_.set_value();
    opened_.get_future().wait();
  }

 private:
  std::promise<void> entered_;
  std::promise<void> opened_;
};

class HttpTestServer {
 public:
  explicit HttpTestServer(HttpServerOptions options = {}) {
    options.port = 0;
    options.report = [this](std::string_view sentence) { reported_ = sentence; };
    auto routes = health_routes([] { return std::nullopt; });
    const auto text = [](const std::string& body) {
      return [body](const HttpRequest&) { return HttpResponse{.content_type = "text/plain", .body = body}; };
    };
    routes.push_back({.method = "GET", .path = "/metrics", .handler = text("some_metric 1\n")});
    routes.push_back({.method = "GET", .path = "/large", .handler = [](const HttpRequest&) {
                        return HttpResponse{.body = std::string(kLargeBody, 'x')};
                      }});
    routes.push_back({.method = "GET", .path = "/page", .handler = [](const HttpRequest&) {
                        return HttpResponse{.content_type = "text/html; charset=utf-8", .body = "<!doctype html>"};
                      }});
    routes.push_back({.method = "GET", .path = "/own-policy", .handler = [](const HttpRequest&) {
                        return HttpResponse{
                            .content_type = "text/html",
                            .headers = {{"Content-Security-Policy", "default-src 'none'; img-src data:"}}};
                      }});
    routes.push_back({.method = "GET", .path = "/api/v1/map", .handler = text("{}\n")});
    routes.push_back({.method = "GET", .path = "/throws", .handler = [](const HttpRequest&) -> HttpResponse {
                        throw std::runtime_error("a secret");
                      }});
    routes.push_back({.method = "GET", .path = "/waits", .handler = [this](const HttpRequest&) {
                        gate_.pass();
                        return HttpResponse{.body = "waited\n"};
                      }});
    routes.push_back({.method = "POST", .path = "/echo", .handler = [](const HttpRequest& request) {
                        return HttpResponse{.body = "<" + request.body + ">\n"};
                      }});
    auto started = HttpServer::start(std::move(options), std::move(routes));
    EXPECT_TRUE(started) << started.error().message();
    server_ = std::move(*started);
  }

  HttpServer& operator*() { return *server_; }
  HttpServer* operator->() { return server_.get(); }
  Gate& gate() { return gate_; }
  [[nodiscard]] HttpTestClient connect() const { return HttpTestClient(server_->port()); }
  [[nodiscard]] std::string ask(std::string_view bytes) const { return connect().ask(bytes); }
  [[nodiscard]] const std::string& reported() const { return reported_; }

 private:
  std::string reported_;
  Gate gate_;
  std::unique_ptr<HttpServer> server_;
};

inline std::string get(std::string_view target, std::string_view further = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" + std::string(further) + "\r\n";
}

template <typename Condition>
bool comes_true(const Condition& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kGuard;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace touchstone
