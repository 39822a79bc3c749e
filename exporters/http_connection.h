// One connection: reads requests within the limits and writes responses. Belongs to http_server.cc;
// everything runs on the server's loop, and nothing throws but for want of memory.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <variant>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "exporters/http_message.h"
#include "exporters/http_server.h"

namespace touchstone {

/// The connection is at its end; nothing more is to be said on it.
enum class HttpEnd { kClosed, kTimedOut };

/// A request that is not handed on: this is the answer, and the connection ends after it.
struct HttpRefusal {
  HttpResponse response;
};

using HttpReceived = std::variant<HttpRequest, HttpRefusal, HttpEnd>;

class HttpConnection {
 public:
  HttpConnection(boost::asio::ip::tcp::socket socket, const HttpLimits& limits);

  /// Waits for a request and reads it whole.
  boost::asio::awaitable<HttpReceived> receive();

  /// Writes the response to what was received last. Nothing: the connection may be used further.
  boost::asio::awaitable<std::optional<HttpEnd>> send(HttpResponse response);

  /// Sends the head of an answer without an end; the connection ends with it. False: it has nothing to carry (HEAD).
  boost::asio::awaitable<bool> begin_stream();
  /// Sends a piece of it. False: the client is gone, or reads too slowly.
  boost::asio::awaitable<bool> send_piece(std::string bytes);

  /// Closes so that the client can still read what was sent last, although more may be coming from it.
  boost::asio::awaitable<void> finish();

  /// Ends what the connection waits for if that is only the client's next move; it is not used further then.
  void end_if_idle();

  /// Whether something is awaited from the client: a request, the rest of one, or that it reads its answer.
  [[nodiscard]] bool waits() const { return waits_for_ != WaitsFor::kNothing; }
  /// Of two that wait: this one is to be dropped rather than the other.
  [[nodiscard]] bool goes_before(const HttpConnection& other) const;
  /// Of the answer that is being sent.
  [[nodiscard]] std::size_t unread_bytes() const { return unread_bytes_; }
  /// Closes it, whatever it waits for; it counts as waiting no longer.
  void drop();
  [[nodiscard]] bool dropped() const { return dropped_; }
  /// After the next response the connection is at its end.
  void keep_no_longer() { kept_ = false; }

 private:
  enum class WaitsFor { kNothing, kNextMove, kRequest, kReader };

  boost::asio::awaitable<std::optional<HttpEnd>> wait_for_bytes();
  void now_waits_for(WaitsFor what);

  const HttpLimits& limits_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  bool first_ = true;      // no request was received yet
  bool kept_ = true;       // may be used for another request
  bool head_ = false;      // the request received last has the method HEAD
  unsigned version_ = 11;  // of the request received last
  WaitsFor waits_for_ = WaitsFor::kNothing;
  std::chrono::steady_clock::time_point waits_since_;
  std::size_t unread_bytes_ = 0;
  bool dropped_ = false;
};

}  // namespace touchstone
