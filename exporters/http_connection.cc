#include "exporters/http_connection.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>

namespace touchstone {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kReadBytes = 4096;
// How long and how much a client may go on sending after it was told that the connection ends.
constexpr Millis kLingerTimeout{1000};
constexpr std::size_t kLingerBytes = std::size_t{256} << 10;

constexpr std::string_view kDataPolicy = "default-src 'none'; frame-ancestors 'none'";
constexpr std::string_view kPagePolicy =
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

using Parser = http::request_parser<http::string_body>;

HttpRefusal refusal(unsigned status, std::string_view message) { return {json_error(status, message)}; }

// The one translation of Beast's errors while reading.
HttpReceived received_instead(const beast::error_code& failure) {
  if (failure == http::error::header_limit || failure == http::error::buffer_overflow) {
    return refusal(431, "the request's header is too large");
  }
  if (failure == http::error::body_limit) return refusal(413, "the request's body is too large");
  if (failure == beast::error::timeout) return HttpEnd::kTimedOut;
  if (failure == http::error::end_of_stream || failure == http::error::partial_message) return HttpEnd::kClosed;
  const beast::error_code from_parser = http::error::bad_method;
  if (failure.category() == from_parser.category()) return refusal(400, "this is not a request of HTTP/1.1");
  return HttpEnd::kClosed;
}

// A page in the operator's browser can send a POST to whatever the browser reaches, without being allowed to
// read the answer. Browsers then say whose page it is; other clients say nothing.
bool is_from_another_site(const http::request_header<>& header) {
  if (header.method() == http::verb::get || header.method() == http::verb::head) return false;
  const auto origin = header.find(http::field::origin);
  if (origin == header.end()) return false;
  const std::string_view value = origin->value();
  const std::size_t host = value.find("://");
  return host == std::string_view::npos || value.substr(host + 3) != std::string_view(header[http::field::host]);
}

// What the parser lets through and we do not. Chunked bodies are refused because the parser takes them from
// HTTP/1.0 clients, in odd spellings, and with extensions of any length.
std::optional<HttpRefusal> refused(const http::request_header<>& header, const HttpLimits& limits) {
  if (header.count(http::field::transfer_encoding) != 0) {
    return refusal(501, "Transfer-Encoding is not supported; send a Content-Length");
  }
  if (header.target().size() > limits.max_target_bytes) return refusal(414, "the request target is too long");
  if (header.version() == 11 && header.count(http::field::host) != 1) {
    return refusal(400, "the header Host must be given once");
  }
  if (header.count(http::field::authorization) > 1) return refusal(400, "Authorization was given more than once");
  if (is_from_another_site(header)) return refusal(403, "a page of another site may only read, and nothing is for it");
  if (header.count(http::field::expect) != 0) return refusal(417, "Expect is not supported; just send the body");
  return std::nullopt;
}

HttpReceived request_from(Parser::value_type message) {
  HttpRequest request;
  request.method = message.method_string();
  request.authorization = message[http::field::authorization];
  if (const auto read = read_target(message.target(), request); !read) return refusal(400, read.error().message());
  request.body = std::move(message.body());
  return request;
}

// A header of ours with a line break in it would be two headers.
bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char letter) { return letter >= 0x20 && letter != 0x7F; });
}

// For whoever opens an answer in a browser: it runs nothing that is not ours, in nobody's frame, and tells other pages
// nothing. A page that needs more says so in its own headers.
void put_headers(std::string_view content_type, http::response_header<>& header) {
  header.set(http::field::content_type, content_type);
  header.set(http::field::cache_control, "no-store");
  header.set("X-Content-Type-Options", "nosniff");
  header.set("Content-Security-Policy", content_type.starts_with("text/html") ? kPagePolicy : kDataPolicy);
  header.set("Cross-Origin-Resource-Policy", "same-origin");
  header.set("Referrer-Policy", "no-referrer");
}

}  // namespace

HttpConnection::HttpConnection(asio::ip::tcp::socket socket, const HttpLimits& limits)
    : limits_(limits), stream_(std::move(socket)), buffer_(limits.max_header_bytes + kReadBytes) {}

asio::awaitable<HttpReceived> HttpConnection::receive() {
  if (buffer_.size() == 0) {
    if (const auto end = co_await wait_for_bytes()) co_return *end;
  }
  now_waits_for(WaitsFor::kRequest);
  first_ = false;
  kept_ = false;  // until the request was read to its end
  head_ = false;
  version_ = 11;
  Parser parser;
  parser.header_limit(limits_.max_header_bytes);
  parser.body_limit(limits_.max_body_bytes);
  stream_.expires_after(limits_.header_timeout);
  const auto [header_failure, header_size] = co_await http::async_read_header(stream_, buffer_, parser, kNoThrow);
  if (header_failure) co_return received_instead(header_failure);
  version_ = parser.get().version();
  head_ = parser.get().method() == http::verb::head;
  if (auto instead = refused(parser.get(), limits_)) co_return *std::move(instead);
  stream_.expires_after(limits_.body_timeout);
  const auto [body_failure, body_size] = co_await http::async_read(stream_, buffer_, parser, kNoThrow);
  if (body_failure) co_return received_instead(body_failure);
  now_waits_for(WaitsFor::kNothing);
  kept_ = parser.get().keep_alive();
  co_return request_from(parser.release());
}

// The header's time begins with its first byte; a connection that says nothing at all is given up sooner
// while it is new, as nobody keeps it for later.
asio::awaitable<std::optional<HttpEnd>> HttpConnection::wait_for_bytes() {
  stream_.expires_after(first_ ? std::min(limits_.header_timeout, limits_.idle_timeout) : limits_.idle_timeout);
  now_waits_for(WaitsFor::kNextMove);
  const auto [failure, size] = co_await stream_.async_read_some(buffer_.prepare(kReadBytes), kNoThrow);
  now_waits_for(WaitsFor::kNothing);
  if (failure) co_return HttpEnd::kClosed;
  buffer_.commit(size);
  co_return std::nullopt;
}

asio::awaitable<std::optional<HttpEnd>> HttpConnection::send(HttpResponse response) {
  http::response<http::string_body> message;
  message.version(version_);
  message.result(response.status);
  put_headers(response.content_type, message);
  for (const auto& [name, value] : response.headers) {
    if (is_printable(value)) message.set(name, value);
  }
  unread_bytes_ = head_ ? 0 : response.body.size();
  message.body() = std::move(response.body);
  message.prepare_payload();
  message.keep_alive(kept_);
  http::response_serializer<http::string_body> serializer(message);
  stream_.expires_after(limits_.write_timeout);
  now_waits_for(WaitsFor::kReader);
  beast::error_code failure;
  if (head_) {
    std::tie(failure, std::ignore) = co_await http::async_write_header(stream_, serializer, kNoThrow);
  } else {
    std::tie(failure, std::ignore) = co_await http::async_write(stream_, serializer, kNoThrow);
  }
  unread_bytes_ = 0;
  now_waits_for(WaitsFor::kNothing);
  if (failure) co_return failure == beast::error::timeout ? HttpEnd::kTimedOut : HttpEnd::kClosed;
  if (!kept_) co_return HttpEnd::kClosed;
  co_return std::nullopt;
}

// Without a length: the end of the connection is the end of the answer, which HTTP/1.0 clients understand too.
asio::awaitable<bool> HttpConnection::begin_stream() {
  http::response<http::empty_body> message;
  message.version(version_);
  message.result(http::status::ok);
  put_headers("text/event-stream", message);
  message.keep_alive(false);
  kept_ = false;
  http::response_serializer<http::empty_body> serializer(message);
  stream_.expires_after(limits_.write_timeout);
  now_waits_for(WaitsFor::kReader);
  const auto [failure, size] = co_await http::async_write_header(stream_, serializer, kNoThrow);
  now_waits_for(WaitsFor::kNothing);
  co_return !failure && !head_;
}

asio::awaitable<bool> HttpConnection::send_piece(std::string bytes) {
  unread_bytes_ = bytes.size();
  stream_.expires_after(limits_.write_timeout);
  now_waits_for(WaitsFor::kReader);
  const auto [failure, size] = co_await asio::async_write(stream_, asio::buffer(bytes), kNoThrow);
  unread_bytes_ = 0;
  now_waits_for(WaitsFor::kNothing);
  co_return !failure;
}

// Closing with bytes unread would reset the connection, and the reset may overtake our answer.
asio::awaitable<void> HttpConnection::finish() {
  beast::error_code ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kLingerTimeout);
  now_waits_for(WaitsFor::kNextMove);
  std::size_t drained = 0;
  while (drained < kLingerBytes) {
    buffer_.clear();
    const auto [failure, size] = co_await stream_.async_read_some(buffer_.prepare(kReadBytes), kNoThrow);
    if (failure) break;
    drained += size;
  }
  stream_.close();
}

void HttpConnection::end_if_idle() {
  if (waits_for_ == WaitsFor::kNextMove) stream_.close();
}

// What was dropped waits for nothing any more, although its last read or write is still to return.
void HttpConnection::now_waits_for(WaitsFor what) {
  if (dropped_) return;
  waits_for_ = what;
  waits_since_ = std::chrono::steady_clock::now();
}

bool HttpConnection::goes_before(const HttpConnection& other) const {
  const auto rank = [](const HttpConnection& each) {
    return std::pair(each.waits_for_ != WaitsFor::kNextMove, each.waits_since_);
  };
  return rank(*this) < rank(other);
}

void HttpConnection::drop() {
  now_waits_for(WaitsFor::kNothing);
  dropped_ = true;
  unread_bytes_ = 0;
  stream_.close();
}

}  // namespace touchstone
