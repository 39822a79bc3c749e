#include "exporters/http_server.h"

#include <array>
#include <exception>
#include <list>
#include <thread>
#include <utility>
#include <variant>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "exporters/http_connection.h"

namespace touchstone {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
// After a failed accept, e.g. for want of file descriptors: trying again at once would only keep a core busy.
constexpr Millis kAcceptPause{100};

/// What a stream hands out at a time.
constexpr std::size_t kPieceBytes = std::size_t{64} << 10;

// What a connection beyond the limit is told, in one piece and without waiting for its request.
constexpr std::string_view kTooManyConnections =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Type: application/json\r\n"
    "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nRetry-After: 1\r\nContent-Length: "
    "34\r\n\r\n"
    "{\"error\":\"too many connections\"}\r\n";

}  // namespace

/// Everything behind the port. The loop's thread owns it all; only counts and stop() are for others.
class HttpServer::Listener {
 public:
  Listener(HttpServerOptions options, std::vector<HttpRoute> routes)
      : options_(std::move(options)), routes_(std::move(routes), options_.token), tally_(*options_.tally) {}

  Result<void> listen();
  void run();
  void stop(Millis patience);

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] HttpCounts counts() const;

 private:
  using Connections = std::list<HttpConnection*>;

  // Keeps a connection findable for as long as it is served.
  class Listed {
   public:
    Listed(Connections& connections, HttpConnection& connection)
        : connections_(connections), place_(connections.insert(connections.end(), &connection)) {}
    Listed(const Listed&) = delete;
    Listed& operator=(const Listed&) = delete;
    ~Listed() { connections_.erase(place_); }

   private:
    Connections& connections_;
    Connections::iterator place_;
  };

  asio::awaitable<void> accept_connections();
  asio::awaitable<void> serve(tcp::socket socket);
  /// What serves a request: a route's handler, a stream that has begun, or the answer to give instead.
  using Found = std::variant<const HttpRoute*, std::unique_ptr<HttpStream>, HttpResponse>;
  Found find(const HttpRequest& request);
  asio::awaitable<HttpResponse> answer(const HttpRequest& request, Found found);
  asio::awaitable<void> send_stream(HttpStream& stream, HttpConnection& connection);
  HttpResponse run_handler(const HttpRoute& route, const HttpRequest& request);
  void refuse(tcp::socket socket);
  bool drop_longest_waiting();
  void make_room_for(std::size_t bytes);
  void begin_stop(Millis patience);
  void end_if_unused();

  const HttpServerOptions options_;
  const HttpRoutes routes_;
  std::uint16_t port_ = 0;
  bool stopping_ = false;
  std::size_t open_connections_ = 0;  // those accepted and not refused, listed yet or not
  Connections connections_;
  HttpTally& tally_;
  // In this order: what is left of the worker's tasks and of the connections refers to everything above it.
  asio::io_context loop_{1};
  tcp::acceptor acceptor_{loop_};
  asio::steady_timer patience_{loop_};
  asio::thread_pool worker_{1};
  std::thread thread_;
};

Result<void> HttpServer::Listener::listen() {
  const std::string wanted = options_.address + " port " + std::to_string(options_.port);
  boost::system::error_code failure;
  const auto address = asio::ip::make_address(options_.address, failure);
  const tcp::endpoint endpoint(address, options_.port);
  if (!failure) acceptor_.open(endpoint.protocol(), failure);
  if (!failure) acceptor_.set_option(tcp::acceptor::reuse_address(true), failure);
  if (!failure) acceptor_.bind(endpoint, failure);
  if (!failure) acceptor_.listen(asio::socket_base::max_listen_connections, failure);
  if (!failure) port_ = acceptor_.local_endpoint(failure).port();
  if (failure) return Error(ErrorKind::kFatal, "cannot listen on " + wanted + ": " + failure.message());
  return {};
}

void HttpServer::Listener::run() {
  asio::co_spawn(loop_, accept_connections(), asio::detached);
  thread_ = std::thread([this] { loop_.run(); });
}

asio::awaitable<void> HttpServer::Listener::accept_connections() {
  while (!stopping_) {
    auto [failure, socket] = co_await acceptor_.async_accept(kNoThrow);
    if (stopping_) break;
    if (failure) {
      asio::steady_timer pause(loop_, kAcceptPause);
      co_await pause.async_wait(kNoThrow);
    } else if (open_connections_ >= options_.limits.max_connections && !drop_longest_waiting()) {
      refuse(std::move(socket));
    } else {
      tally_.open_connections = ++open_connections_;
      // Ignores what is thrown: without memory for it a connection just ends.
      asio::co_spawn(loop_, serve(std::move(socket)), [this](const std::exception_ptr&) {
        tally_.open_connections = --open_connections_;
        end_if_unused();
      });
    }
  }
}

asio::awaitable<void> HttpServer::Listener::serve(tcp::socket socket) {
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  HttpConnection connection(std::move(socket), options_.limits);
  const Listed listed(connections_, connection);
  std::optional<HttpEnd> end;
  while (!end && !stopping_) {
    HttpReceived received = co_await connection.receive();
    if (const auto* ended = std::get_if<HttpEnd>(&received)) {
      end = *ended;
      continue;
    }
    ++tally_.requests;
    HttpResponse response;
    if (auto* refusal = std::get_if<HttpRefusal>(&received)) {
      ++tally_.refused_requests;
      response = std::move(refusal->response);
    } else {
      const auto& request = std::get<HttpRequest>(received);
      Found found = find(request);
      if (auto* stream = std::get_if<std::unique_ptr<HttpStream>>(&found)) {
        co_await send_stream(**stream, connection);
        end = HttpEnd::kClosed;
        continue;
      }
      response = co_await answer(request, std::move(found));
    }
    if (response.status == 401) ++tally_.unauthorized;
    if (stopping_) connection.keep_no_longer();
    make_room_for(response.body.size());
    end = co_await connection.send(std::move(response));
  }
  if (end == HttpEnd::kTimedOut) ++tally_.timeouts;
  co_await connection.finish();
}

HttpServer::Listener::Found HttpServer::Listener::find(const HttpRequest& request) {
  auto found = routes_.find(request);
  if (auto* instead = std::get_if<HttpResponse>(&found)) return std::move(*instead);
  const HttpRoute* route = std::get<const HttpRoute*>(found);
  if (!route->begin_stream) return route;
  auto begun = route->begin_stream(request);
  if (auto* refused = std::get_if<HttpResponse>(&begun)) return std::move(*refused);
  return std::move(std::get<std::unique_ptr<HttpStream>>(begun));
}

// As a connection has one request at a time, the worker's queue is no longer than there are connections.
asio::awaitable<HttpResponse> HttpServer::Listener::answer(const HttpRequest& request, Found found) {
  if (auto* instead = std::get_if<HttpResponse>(&found)) co_return std::move(*instead);
  const HttpRoute& route = *std::get<const HttpRoute*>(found);
  if (route.runs_on == RunsOn::kLoop) co_return run_handler(route, request);
  const auto on_worker = [&]() -> asio::awaitable<HttpResponse> { co_return run_handler(route, request); };
  co_return co_await asio::co_spawn(worker_, on_worker, asio::use_awaitable);
}

asio::awaitable<void> HttpServer::Listener::send_stream(HttpStream& stream, HttpConnection& connection) {
  if (!co_await connection.begin_stream()) co_return;
  asio::steady_timer look(loop_);
  Millis silent{0};
  while (!stopping_ && !connection.dropped()) {
    std::string piece = stream.next(kPieceBytes);
    if (piece.empty() && stream.ended()) co_return;
    if (piece.empty() && silent >= options_.limits.stream_heartbeat) piece = ":\n\n";
    if (!piece.empty()) {
      silent = Millis{0};
      make_room_for(piece.size());
      if (!co_await connection.send_piece(std::move(piece))) co_return;
      continue;
    }
    look.expires_after(options_.limits.stream_look);
    co_await look.async_wait(kNoThrow);
    silent += options_.limits.stream_look;
  }
}

HttpResponse HttpServer::Listener::run_handler(const HttpRoute& route, const HttpRequest& request) {
  std::string cause;
  try {
    return route.handler(request);
  } catch (const std::exception& failure) {
    cause = failure.what();
  } catch (...) {  // whatever it is, it must not end the process
    cause = "unknown exception";
  }
  ++tally_.handler_failures;
  if (options_.report) options_.report("HTTP handler of " + route.path + " failed: " + cause);
  return json_error(500, "internal error");
}

// Without waiting: a client that does not take these bytes at once does not get them.
void HttpServer::Listener::refuse(tcp::socket socket) {
  ++tally_.refused_connections;
  boost::system::error_code ignored;
  std::array<char, 4096> unread{};
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(kTooManyConnections), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
  socket.read_some(asio::buffer(unread), ignored);
}

// A client that is served well makes the server wait for milliseconds, so under an attack these are the
// attacker's. An idle connection goes first: ending it harms nobody.
bool HttpServer::Listener::drop_longest_waiting() {
  HttpConnection* longest = nullptr;
  for (HttpConnection* each : connections_) {
    if (each->waits() && (longest == nullptr || each->goes_before(*longest))) longest = each;
  }
  if (longest == nullptr) return false;
  longest->drop();
  ++tally_.dropped_connections;
  return true;
}

void HttpServer::Listener::make_room_for(std::size_t bytes) {
  for (;;) {
    std::size_t unread = bytes;
    HttpConnection* longest = nullptr;
    for (HttpConnection* each : connections_) {
      if (each->unread_bytes() == 0) continue;
      unread += each->unread_bytes();
      if (longest == nullptr || each->goes_before(*longest)) longest = each;
    }
    if (unread <= options_.limits.max_unread_bytes || longest == nullptr) return;
    longest->drop();
    ++tally_.dropped_connections;
  }
}

void HttpServer::Listener::begin_stop(Millis patience) {
  stopping_ = true;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  for (HttpConnection* connection : connections_) connection->end_if_idle();
  patience_.expires_after(patience);
  patience_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) loop_.stop();
  });
  end_if_unused();
}

void HttpServer::Listener::end_if_unused() {
  if (stopping_ && open_connections_ == 0) patience_.cancel();
}

void HttpServer::Listener::stop(Millis patience) {
  if (!thread_.joinable()) return;
  asio::post(loop_, [this, patience] { begin_stop(patience); });
  thread_.join();
  worker_.stop();
  worker_.join();
}

HttpCounts HttpServer::Listener::counts() const { return tally_.counts(); }

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpServerOptions options, std::vector<HttpRoute> routes) {
  if (options.token && options.token->empty()) return Error(ErrorKind::kFatal, "the HTTP token is empty");
  try {
    auto listener = std::make_unique<Listener>(std::move(options), std::move(routes));
    TOUCHSTONE_TRY(listener->listen());
    listener->run();
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(listener)));
  } catch (const std::exception& failure) {
    return Error(ErrorKind::kFatal, std::string("cannot start the HTTP server: ") + failure.what());
  }
}

HttpServer::HttpServer(std::unique_ptr<Listener> listener) : listener_(std::move(listener)) {}
HttpServer::~HttpServer() { stop(Millis{0}); }
std::uint16_t HttpServer::port() const { return listener_->port(); }
HttpCounts HttpServer::counts() const { return listener_->counts(); }
void HttpServer::stop(Millis patience) { listener_->stop(patience); }

}  // namespace touchstone
