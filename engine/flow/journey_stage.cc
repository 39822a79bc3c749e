#include "engine/flow/journey_stage.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "engine/flow/dead_letter.h"

namespace touchstone {
namespace {

constexpr std::uint8_t kStateVersion = 1;
/// An offset that every slice has behind it: for what does not come from a record.
constexpr Offset kBeyond{std::numeric_limits<std::int64_t>::max()};

}  // namespace

JourneyStage::JourneyStage(JourneyOptions options, std::shared_ptr<Decoder> decoder, const Slices& slices)
    : options_(std::move(options)),
      rules_(*options_.rules.rules),
      decoder_(std::move(decoder)),
      slices_(slices),
      customers_(rules_, slices.count()),
      sender_({options_.topics.deltas, options_.delta_partitions, options_.partition, options_.partitions}, rules_),
      intake_marks_(static_cast<std::size_t>(options_.intake_sources)),
      intake_ends_(static_cast<std::size_t>(options_.intake_sources)) {}

std::optional<EventTime> JourneyStage::watermark() const {
  const std::optional<EventTime> highest = options_.intake_sources > 0 ? intake_marks_.value() : highest_.highest();
  if (!highest) return ended_at_;
  const EventTime mark = *highest - rules_.settings().lateness;
  return ended_at_ ? std::max(mark, *ended_at_) : mark;
}

Result<void> JourneyStage::process(const Record& record, Output& out) {
  if (options_.partition.value() >= options_.partitions) {
    return Error(ErrorKind::kReject, std::string(record.topic) + " has more partitions than at the start");
  }
  silent_ = false;
  if (out.counts.rules != options_.rules.rules) out.counts.rules = options_.rules.rules;
  Arrival arrival{record, {record.topic, record.partition, record.offset}, record.offset, 0};
  if (options_.intake_sources == 0) {
    process_arrival(arrival, out);
    return {};
  }
  const auto header = std::find_if(record.headers.begin(), record.headers.end(),
                                   [](const HeaderView& each) { return each.name == kEnvelopeHeader; });
  const std::optional<Envelope> envelope =
      header == record.headers.end() ? std::nullopt : decode_envelope(header->value);
  if (!envelope || envelope->sources != options_.intake_sources) {
    return Error(ErrorKind::kReject,
                 "a record of " + std::string(record.topic) +
                     " was not written by this intake (or by one with another number of source partitions)");
  }
  if (envelope->mark_only) {
    hear(*envelope, record.offset, out);
    return {};
  }
  arrival.source = {envelope->topic, envelope->partition, envelope->offset};
  arrival.record.timestamp_ms = envelope->timestamp_ms;
  arrival.record.key.reset();
  if (envelope->key) arrival.record.key = *envelope->key;
  std::erase_if(arrival.record.headers, [](const HeaderView& each) { return each.name == kEnvelopeHeader; });
  arrival.intake_source = envelope->source;
  process_arrival(arrival, out);
  return {};
}

void JourneyStage::hear(const Envelope& envelope, Offset at, Output& out) {
  const auto source = static_cast<std::size_t>(envelope.source);
  const std::optional<EventTime> before = watermark();
  intake_marks_.update(source, envelope.highest, envelope.silent);
  if (const std::optional<EventTime> now = watermark()) lapse_until(*now, before, at, out);
  if (!envelope.end) return;
  intake_ends_[source] = envelope.end->session;
  const bool all = std::all_of(intake_ends_.begin(), intake_ends_.end(),
                               [&](std::uint64_t session) { return session == envelope.end->session; });
  if (!all) return;
  // An intake forgets over a restart how far it had come; the marks, which every partition has, do not.
  EndOfInput whole = *envelope.end;
  for (const SourceState& each : intake_marks_.sources()) {
    if (each.mark) whole.highest = whole.highest ? std::max(*whole.highest, *each.mark) : *each.mark;
  }
  end_at(whole, at, out);
}

void JourneyStage::process_arrival(const Arrival& arrival, Output& out) {
  const Record& record = arrival.record;
  if (options_.expected_partition && record.key && options_.expected_partition(*record.key) != record.partition) {
    ++out.counts.wrong_partition;
  }
  if (!record.value) {
    if (record.key && !record.key->empty()) forget(*record.key, arrival.at, out);
    return;
  }
  const Decoded decoded = decoder_->decode(record);
  if (const auto* rejection = std::get_if<Rejection>(&decoded)) {
    if (!out.unseen) {
      out.records.push_back(dead_letter(options_.topics.dead_letters, record, arrival.source, *rejection));
    }
    ++out.counts.dead_letters[static_cast<std::size_t>(rejection->reason)];
    return;
  }
  const Event& event = *std::get<const Event*>(decoded);
  if (record.key && !record.key->empty() && *record.key != event.customer) ++out.counts.key_mismatches;
  handle(event, arrival, out);
}

void JourneyStage::advance(const Event& event, const Arrival& arrival) {
  highest_.see(event.time);
  if (options_.intake_sources > 0) {
    intake_marks_.update(static_cast<std::size_t>(arrival.intake_source), event.time, false);
  }
}

void JourneyStage::handle(const Event& event, const Arrival& arrival, Output& out) {
  const std::optional<EventTime> before = watermark();
  const bool late = before && event.time < *before;
  advance(event, arrival);
  const EventTime now = watermark().value_or(EventTime{});
  lapse_until(now, before, arrival.at, out);
  if (!slices_.applies(customers_.slice_of(event.customer), arrival.at)) return;

  const Customers::Slot slot = customers_.find_or_add(event.customer);
  Customer& customer = customers_.open(slot);
  const std::optional<Observation> seen = observe(customer, event, rules_, late);
  if (!seen) {
    ++out.counts.duplicates;
    return;
  }
  if (!late) tally(*seen, event.time, now, rules_, customer, deltas_);
  customer.presence.expire(now, rules_.settings().windows);
  customers_.changed(slot);
  write_observation(event, *seen, arrival.source, out);
}

void JourneyStage::lapse_until(EventTime watermark, std::optional<EventTime> before, Offset at, Output& out) {
  for (const Customers::Slot slot : customers_.take_due(watermark)) {
    if (!slices_.applies(customers_.slice_of(customers_.id(slot)), at)) {
      customers_.put_off(slot);
      continue;
    }
    const Lapse lapsed = lapse(customers_.open(slot), rules_);
    if (!before || lapsed.transition.time >= *before) tally(lapsed, rules_, deltas_);
    customers_.changed(slot);
    if (!out.unseen) write_transition(lapsed.transition, name_of(customers_.id(slot)), out);
  }
}

void JourneyStage::forget(std::string_view id, Offset at, Output& out) {
  if (!slices_.applies(customers_.slice_of(id), at)) return;
  const std::optional<Customers::Slot> slot = customers_.find(id);
  if (!slot) return;
  customers_.forget(*slot);
  ++out.counts.forgotten;
}

void JourneyStage::write_observation(const Event& event, const Observation& seen, const Source& source,
                                     Output& out) const {
  if (out.unseen) return;
  const CustomerName customer = name_of(event.customer);
  const auto write = [&](const std::string& topic, std::string value) {
    out.records.push_back({topic, std::nullopt, customer.text, std::move(value), {}});
  };
  if (options_.writes_interactions) {
    write(options_.topics.interactions, interaction_json(event, customer, seen, source, rules_));
  }
  for (const Transition& transition : seen.transitions) {
    write(options_.topics.transitions, transition_json(transition, customer, rules_));
  }
  if (seen.conversion) write(options_.topics.conversions, conversion_json(event, customer, seen, rules_));
  out.counts.count(seen);
}

CustomerName JourneyStage::name_of(std::string_view customer) const {
  const Pseudonym& pseudonym = options_.pseudonym;
  if (!pseudonym.of) return {std::string(customer), {}};
  return {pseudonym.of(customer), pseudonym.key_id};
}

void JourneyStage::write_transition(const Transition& transition, CustomerName customer, Output& out) const {
  std::string value = transition_json(transition, customer, rules_);
  out.records.push_back({options_.topics.transitions, std::nullopt, std::move(customer.text), std::move(value), {}});
  out.counts.count(transition);
}

void JourneyStage::end(const EndOfInput& end, Output& out) { end_at(end, kBeyond, out); }

void JourneyStage::end_at(const EndOfInput& end, Offset at, Output& out) {
  out.counts.rules = options_.rules.rules;
  if (end.highest) {
    lapse_until(*end.highest, watermark(), at, out);
    ended_at_ = ended_at_ ? std::max(*ended_at_, *end.highest) : *end.highest;
  }
  sender_.send(deltas_.take(), out);
  ended_ = end.session;
  sent_ = SourceState{true, watermark(), silent_};
  sender_.send(*sent_, end, out);
}

std::optional<KnownCustomer> JourneyStage::customer(std::string_view id) const {
  const std::optional<Customers::Slot> slot = customers_.find(id);
  if (!slot) return std::nullopt;
  KnownCustomer known{{}, options_.rules.rules};
  customers_.read(*slot, known.customer);
  return known;
}

void JourneyStage::flush(Output& out) {
  if (out.unseen) {
    deltas_.clear();
    return;
  }
  sender_.send(deltas_.take(), out);
  const SourceState now{true, watermark(), silent_};
  if ((!now.mark && !now.silent) || sent_ == now) return;
  sender_.send(now, std::nullopt, out);
  sent_ = now;
}

std::string JourneyStage::fingerprint() const {
  std::string text = "journey 5, " + std::to_string(options_.partitions) + " partitions, " +
                     std::to_string(options_.delta_partitions) + " of windows, " + std::to_string(slices_.count()) +
                     " slices, xxh3, intake of " + options_.sources_text + ", lateness " +
                     std::to_string(rules_.settings().lateness.count()) + "ms, windows";
  for (const WindowSpec& window : rules_.settings().windows) {
    text += ' ' + window.name + '/' + std::to_string(window.step.count()) + "ms";
  }
  return text;
}

std::string JourneyStage::position_state() const {
  ByteWriter out;
  out.byte(kStateVersion);
  out.optional_time(highest_.highest());
  out.optional_time(ended_at_);
  out.byte(silent_ ? 1 : 0);
  out.optional_time(intake_marks_.value());
  for (std::size_t i = 0; i < intake_ends_.size(); ++i) {
    write_source(out, intake_marks_.sources()[i], intake_ends_[i]);
  }
  return out.take();
}

std::vector<TableChange> JourneyStage::take_changes(std::uint32_t slice) { return customers_.take_changes(slice); }

void JourneyStage::drop_changes() { customers_.drop_changes(); }

bool JourneyStage::restore(std::string_view key, std::string_view value) {
  if (key.empty()) return false;
  switch (static_cast<KeyKind>(key.front())) {
    case KeyKind::kNumbering:
      return customers_.restore_numbering(value);
    case KeyKind::kCustomer:
      return customers_.restore(key, value);
    default:
      return false;
  }
}

bool JourneyStage::restored(const std::vector<std::string>& /*slice_states*/, const std::string& from) {
  ByteReader in(from);
  if (in.byte() != kStateVersion) return false;
  if (const auto highest = in.optional_time()) highest_.see(*highest);
  ended_at_ = in.optional_time();
  // Whether it is still silent can only be known at the end of the log.
  (void)in.byte();
  const std::optional<EventTime> joined = in.optional_time();
  std::vector<SourceState> sources;
  for (std::uint64_t& session : intake_ends_) sources.push_back(read_source(in, session));
  intake_marks_ = JoinedWatermark(std::move(sources), joined);
  return in.done();
}

void JourneyStage::publish(Board& board, const TaskId& task, bool /*everything*/) {
  JourneyStatus status;
  status.rules = options_.rules.rules;
  status.watermark = watermark();
  status.stage_customers = customers_.counts();
  board.publish(task, std::move(status));
}

}  // namespace touchstone
