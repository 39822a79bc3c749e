#include "bench/micro/sample.h"

#include <map>
#include <stdexcept>
#include <utility>
#include <variant>

namespace touchstone::bench {

Record record_of(const StreamRecord& record) {
  return {"events", Partition(0), Offset(0), std::nullopt, record.customer, record.value, {}};
}

Sample::Sample(const std::shared_ptr<const Rules>& rules, std::size_t events) {
  JourneyStreamOptions options;
  options.customers = events / 10;
  options.repeated = 0;
  JourneyStream stream(options, kSampleBegin);
  std::map<std::string, std::size_t> numbers;
  std::vector<Customer> customers;
  while (records_.size() < events) {
    StreamRecord record = stream.next();
    auto decoder = std::make_unique<EventDecoder>(rules->settings().max_future);
    const Decoded decoded = decoder->decode(record_of(record));
    const auto* const* event = std::get_if<const Event*>(&decoded);
    if (event == nullptr) throw std::logic_error("an invented event is refused");
    const auto [known, added] = numbers.try_emplace(record.customer, customers.size());
    if (added) customers.emplace_back();
    Customer& customer = customers[known->second];
    auto observation = observe(customer, **event, *rules, false);
    if (!observation) continue;
    seen_.push_back({*event, known->second, std::move(*observation), customer});
    decoders_.push_back(std::move(decoder));
    records_.push_back(std::move(record));
  }
  customers_ = customers.size();
}

}  // namespace touchstone::bench
