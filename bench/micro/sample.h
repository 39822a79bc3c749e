// Events of invented journeys, decoded, with what they mean: what the micro benchmarks work on.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "bench/journeys.h"
#include "engine/model/customer.h"
#include "engine/model/event.h"
#include "engine/model/journey.h"
#include "engine/model/rules.h"
#include "ingest/event_decoder.h"

namespace touchstone::bench {

inline constexpr EventTime kSampleBegin{std::chrono::sys_days{std::chrono::year{2026} / 1 / 5}};

class Sample {
 public:
  /// Of so many events of a tenth as many customers, duplicates left out.
  Sample(const std::shared_ptr<const Rules>& rules, std::size_t events);

  struct Seen {
    const Event* event;
    std::size_t customer;
    Observation observation;
    Customer after;  ///< the customer, once the event was through
  };

  [[nodiscard]] const std::vector<StreamRecord>& records() const { return records_; }
  [[nodiscard]] const std::vector<Seen>& seen() const { return seen_; }
  [[nodiscard]] std::size_t customers() const { return customers_; }

 private:
  std::vector<StreamRecord> records_;
  std::vector<std::unique_ptr<EventDecoder>> decoders_;  ///< each holds one event
  std::vector<Seen> seen_;
  std::size_t customers_ = 0;
};

[[nodiscard]] Record record_of(const StreamRecord& record);

}  // namespace touchstone::bench
