#include "engine/flow/intake_stage.h"

#include <utility>
#include <vector>

#include "engine/flow/dead_letter.h"
#include "engine/wire/intake_envelope.h"

namespace touchstone {

IntakeStage::IntakeStage(IntakeOptions options, Decoder& decoder) : options_(std::move(options)), decoder_(decoder) {}

Result<void> IntakeStage::process(const Record& record, Output& out) {
  silent_ = false;
  Envelope envelope;
  envelope.source = options_.source;
  envelope.sources = options_.sources;
  envelope.topic = record.topic;
  envelope.partition = record.partition;
  envelope.offset = record.offset;
  envelope.timestamp_ms = record.timestamp_ms;
  std::optional<std::string> customer;
  if (record.key && !record.key->empty()) envelope.key = customer = std::string(*record.key);

  if (record.value) {
    const Decoded decoded = decoder_.decode(record);
    const bool is_passable =
        record.value->size() <= kLargestKeptValue && (!customer || customer->size() <= kLargestKeptKey);
    if (const auto* event = std::get_if<const Event*>(&decoded)) {
      highest_.see((*event)->time);
      customer = std::string((*event)->customer);
    } else if (const auto known = decoder_.customer(); known && is_passable) {
      customer = std::string(*known);
    } else if (!customer || !is_passable) {
      const auto& rejection = std::get<Rejection>(decoded);
      out.records.push_back(dead_letter(options_.topics.dead_letters, record,
                                        {record.topic, record.partition, record.offset}, rejection));
      ++out.counts.dead_letters[static_cast<std::size_t>(rejection.reason)];
      return {};
    }
  }
  // A request to forget nobody, or somebody whose id no customer can have.
  if (!customer || customer->size() > kLargestKeptKey) return {};
  OutRecord passed;
  passed.topic = options_.topics.events;
  passed.key = std::move(customer);
  if (record.value) passed.value = std::string(*record.value);
  keep_headers(record, passed);
  std::erase_if(passed.headers, [](const auto& header) { return header.first == kEnvelopeHeader; });
  passed.headers.emplace_back(kEnvelopeHeader, encode_envelope(envelope));
  out.records.push_back(std::move(passed));
  return {};
}

void IntakeStage::tell(const std::optional<EndOfInput>& end, Output& out) {
  Envelope mark;
  mark.source = options_.source;
  mark.sources = options_.sources;
  mark.mark_only = true;
  mark.highest = highest_.highest();
  mark.silent = silent_;
  mark.end = end;
  const std::string bytes = encode_envelope(mark);
  for (std::int32_t target = 0; target < options_.event_partitions; ++target) {
    // An empty value, not a null one: a null value asks to forget.
    out.records.push_back({options_.topics.events,
                           Partition(target),
                           std::nullopt,
                           std::string(),
                           {{std::string(kEnvelopeHeader), bytes}}});
  }
  told_ = SourceState{true, mark.highest, silent_};
}

void IntakeStage::end(const EndOfInput& end, Output& out) { tell(end, out); }

void IntakeStage::flush(Output& out) {
  const SourceState now{true, highest_.highest(), silent_};
  if ((!now.mark && !now.silent) || told_ == now) return;
  tell(std::nullopt, out);
}

}  // namespace touchstone
