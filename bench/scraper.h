// Asks a metrics page for one counter again and again, in a thread of its own: when did which count become visible?
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "engine/model/result.h"

namespace touchstone::bench {

/// One thread owns it.
class Scraper {
 public:
  struct Seen {
    std::chrono::steady_clock::time_point when;  ///< the answer was there
    std::uint64_t count;                         ///< of all series of the metric together
  };

  /// Begins at once, with a pause between an answer and the next question. The page is /metrics on loopback.
  Scraper(std::uint16_t port, std::string metric, std::chrono::milliseconds pause);
  Scraper(const Scraper&) = delete;
  Scraper& operator=(const Scraper&) = delete;
  ~Scraper();

  /// Ends; what was seen, in order, or why the page could not be asked.
  [[nodiscard]] Result<std::vector<Seen>> take();

 private:
  void work(const std::stop_token& stop);

  const std::uint16_t port_;
  const std::string metric_;
  const std::chrono::milliseconds pause_;
  std::vector<Seen> seen_;  ///< the thread's until it has ended, as is the next
  std::string trouble_;
  std::jthread thread_;
};

}  // namespace touchstone::bench
