#include "bench/scraper.h"

#include <cstdlib>
#include <exception>
#include <stop_token>
#include <string_view>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

namespace touchstone::bench {
namespace {

namespace http = boost::beast::http;

/// Of all series of the metric, as Prometheus' text format has them.
std::uint64_t sum_of(std::string_view page, std::string_view metric) {
  double sum = 0;
  for (std::size_t at = page.find(metric); at != std::string_view::npos; at = page.find(metric, at + 1)) {
    const std::size_t end = page.find('\n', at);
    const std::string_view line = page.substr(at, end - at);
    const bool whole = (at == 0 || page[at - 1] == '\n') && line.size() > metric.size() &&
                       (line[metric.size()] == '{' || line[metric.size()] == ' ');
    if (whole) sum += std::strtod(line.data() + line.rfind(' '), nullptr);  // the page ends with a zero
  }
  return static_cast<std::uint64_t>(sum);
}

}  // namespace

Scraper::Scraper(std::uint16_t port, std::string metric, std::chrono::milliseconds pause)
    : port_(port), metric_(std::move(metric)), pause_(pause), thread_([this](const std::stop_token& stop) {
        try {
          work(stop);
        } catch (const std::exception& error) {
          trouble_ = error.what();
        }
      }) {}

Scraper::~Scraper() = default;

void Scraper::work(const std::stop_token& stop) {
  boost::asio::io_context context;
  boost::beast::tcp_stream stream(context);
  stream.connect({boost::asio::ip::address_v4::loopback(), port_});
  boost::beast::flat_buffer buffer;
  while (!stop.stop_requested()) {
    http::request<http::empty_body> question(http::verb::get, "/metrics", 11);
    question.set(http::field::host, "localhost");
    http::write(stream, question);
    http::response_parser<http::string_body> answer;
    answer.body_limit(std::uint64_t{1} << 30);
    http::read(stream, buffer, answer);
    seen_.push_back({std::chrono::steady_clock::now(), sum_of(answer.get().body(), metric_)});
    if (!answer.get().keep_alive()) {
      stream.close();
      stream.connect({boost::asio::ip::address_v4::loopback(), port_});
    }
    std::this_thread::sleep_for(pause_);
  }
}

Result<std::vector<Scraper::Seen>> Scraper::take() {
  thread_.request_stop();
  thread_.join();
  if (!trouble_.empty()) return Error(ErrorKind::kFatal, "asking for metrics: " + trouble_);
  return std::move(seen_);
}

}  // namespace touchstone::bench
