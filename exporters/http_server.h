// The one HTTP listener of the process: HTTP/1.1, small requests, complete responses, everything bounded.
//
// Two threads of its own: a loop that serves all connections and must never wait, and a worker for handlers
// that render much. Nothing here knows what is served; routes come from outside. Not a server for the open
// internet: no TLS, no HTTP/2.
//
// A route of server-sent events has no answer but a stream (http_stream.h). The loop asks it ten times a second whether
// there is something to send, so nobody has to wake the loop from another thread, and what comes between is sent
// together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model/result.h"
#include "engine/model/time.h"
#include "exporters/http_routes.h"
#include "exporters/http_tally.h"

namespace touchstone {

/// What a client may ask for; each is answered with its status, or cut off where it takes too long.
struct HttpLimits {
  /// Beyond, the connection that has kept the server waiting for longest, for a request or for its answer to be
  /// read, makes room; if all are being answered, the new one gets 503 and is closed.
  std::size_t max_connections = 256;
  /// Of answers that were not read yet, over all connections; beyond, those waiting for longest are cut off.
  std::size_t max_unread_bytes = std::size_t{64} << 20;
  std::uint32_t max_header_bytes = 8 * 1024;  ///< with the request line; beyond: 431
  std::size_t max_target_bytes = 4 * 1024;    ///< beyond: 414
  std::uint64_t max_body_bytes = 64 * 1024;   ///< beyond: 413
  Millis header_timeout{10'000};              ///< from the first byte of a header to its last
  Millis body_timeout{10'000};                ///< for the whole body
  Millis idle_timeout{60'000};                ///< without a request on a connection kept open
  Millis write_timeout{30'000};               ///< for the whole response; slower readers are cut off
  Millis stream_look{100};                    ///< between two looks at a stream that has nothing to send
  Millis stream_heartbeat{15'000};            ///< a comment goes out when a stream was silent for so long
};

struct HttpServerOptions {
  std::string address = "127.0.0.1";  ///< an IP address, no name
  std::uint16_t port = 9480;          ///< 0: any free one, see port()
  std::optional<std::string> token{};
  HttpLimits limits{};
  /// Told one sentence when a handler throws; called by the server's threads. The client sees only a 500.
  std::function<void(std::string_view)> report{};
  /// Counts go here; for whoever wants to read them without the server. Never null.
  std::shared_ptr<HttpTally> tally = std::make_shared<HttpTally>();
};

class HttpServer {
 public:
  /// Listens from the moment this returns. kFatal: the address cannot be listened on, or the token is empty.
  static Result<std::unique_ptr<HttpServer>> start(HttpServerOptions options, std::vector<HttpRoute> routes);

  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  /// As stop() without patience.
  ~HttpServer();

  [[nodiscard]] std::uint16_t port() const;
  /// From any thread.
  [[nodiscard]] HttpCounts counts() const;

  /// Takes no more connections, ends the idle ones, lets requests in progress end for at most this long, then
  /// closes what is left and joins both threads. A handler that is running is waited for. Only its owner's
  /// thread may call it; the second call does nothing.
  void stop(Millis patience);

 private:
  class Listener;
  explicit HttpServer(std::unique_ptr<Listener> listener);

  std::unique_ptr<Listener> listener_;
};

}  // namespace touchstone
