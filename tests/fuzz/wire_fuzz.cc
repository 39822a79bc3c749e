// Any bytes at all are refused by every decoder of what outlives the process, or taken; what was taken is written and
// read again as the same, and what is built upon it stays whole.
//
// The first byte chooses the decoder, in the order of kTargets.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/flow/journey_stage.h"
#include "engine/flow/window_stage.h"
#include "engine/wire/customer_record.h"
#include "engine/wire/delta_batch.h"
#include "engine/wire/intake_envelope.h"
#include "engine/wire/json.h"
#include "engine/wire/records.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/maps.h"

namespace touchstone {
namespace {

using fuzz::require;

const std::shared_ptr<const Rules>& the_rules() {
  static const auto kRules = testing::small_rules();
  return kRules;
}

/// Decoding may forget what the map does not know, but once forgotten nothing changes any more.
void try_customer(std::string_view bytes) {
  const Rules& rules = *the_rules();
  static const Numbering kNumbering(rules);
  const CustomerCodec codec(rules, kNumbering);
  Customer customer;
  if (!codec.decode(bytes, customer)) return;
  ByteWriter written;
  codec.encode(customer, written);
  Customer again;
  require(codec.decode(written.bytes(), again));
  ByteWriter twice;
  codec.encode(again, twice);
  require(twice.bytes() == written.bytes());
  require(customer.due(rules) > customer.highest);
  // An event of that customer, and a lapse, go through.
  const Event event = testing::event("purchase", 0);
  DeltaSet deltas;
  if (const auto seen = observe(customer, event, rules, false)) {
    tally(*seen, event.time, event.time, rules, customer, deltas);
  }
  if (!customer.lapsed) tally(lapse(customer, rules), rules, deltas);
  customer.presence.expire(event.time, rules.settings().windows);
}

void try_numbering(std::string_view bytes) {
  const std::optional<Numbering> numbering = Numbering::decode(bytes, *the_rules());
  if (!numbering) return;
  const std::optional<Numbering> again = Numbering::decode(numbering->encode(), *the_rules());
  require(again && !again->has_grown() && again->encode() == numbering->encode());
}

void try_deltas(std::string_view bytes) {
  Names names = the_rules()->names();
  const std::optional<DeltaBatch> batch = decode_deltas(bytes, names);
  if (!batch) return;
  require(batch->head.source >= 0 && batch->head.source < batch->head.sources);
  const std::string written = encode_deltas(*batch, names);
  const std::optional<DeltaBatch> again = decode_deltas(written, names);
  require(again && encode_deltas(*again, names) == written);
}

void try_cell(std::string_view bytes) {
  Names names = the_rules()->names();
  ByteReader in(bytes);
  const Cell cell = read_cell(in, names);
  if (!in.done()) return;
  ByteWriter written;
  write_cell(written, cell, names);
  ByteReader again(written.bytes());
  require(read_cell(again, names) == cell && again.done());
}

void try_items(std::string_view bytes) {
  ByteReader in(bytes);
  const ItemCounts items = read_items(in);
  if (!in.done()) return;
  ByteWriter written;
  write_items(written, items);
  ByteReader again(written.bytes());
  require(read_items(again) == items && again.done());
}

void try_position(std::string_view bytes) {
  const std::optional<SlicePosition> position = decode_position(bytes);
  if (!position) return;
  const std::optional<SlicePosition> again = decode_position(encode_position(*position));
  require(again && again->offset == position->offset && again->fingerprint == position->fingerprint &&
          again->state == position->state);
}

void try_envelope(std::string_view bytes) {
  const std::optional<Envelope> envelope = decode_envelope(bytes);
  if (!envelope) return;
  require(envelope->source >= 0 && envelope->source < envelope->sources);
  const std::string written = encode_envelope(*envelope);
  const std::optional<Envelope> again = decode_envelope(written);
  require(again && encode_envelope(*again) == written);
}

void try_measures(std::string_view bytes) {
  Names names = the_rules()->names();
  Row row{0, {}, {Scope::kAll, std::string(kAllId), std::string(kAllId)}, {}};
  if (!decode_measures(bytes, names, row)) return;
  Row again{0, {}, row.cell, {}};
  require(decode_measures(encode_measures(row, names), names, again));
  require(again.end == row.end && again.measures == row.measures);
  require(!row_json(row, the_rules()->settings().windows.front(), names.stages).empty());
}

void try_windows_key(std::string_view bytes) {
  const std::optional<WindowsKeyParts> parts = read_windows_key(bytes);
  if (!parts) return;
  const std::string written = windows_key(static_cast<KeyKind>(bytes.front()), parts->window, parts->cell, parts->time);
  const std::optional<WindowsKeyParts> again = read_windows_key(written);
  require(again && again->window == parts->window && again->cell == parts->cell && again->time == parts->time);
}

class NoDecoder final : public Decoder {
 public:
  Decoded decode(const Record& /*record*/) override { return Rejection{Reason::kMalformed, "nothing is decoded here"}; }
  [[nodiscard]] std::optional<std::string_view> customer() const override { return std::nullopt; }
};

std::unique_ptr<Stage> journey_stage(const Slices& slices, std::int32_t intake_sources) {
  static const auto kDecoder = std::make_shared<NoDecoder>();
  JourneyOptions options;
  options.rules = {the_rules(), nullptr};
  options.intake_sources = intake_sources;
  return std::make_unique<JourneyStage>(std::move(options), kDecoder, slices);
}

std::unique_ptr<Stage> window_stage(const Slices& slices) {
  WindowOptions options;
  options.rules = {the_rules(), nullptr};
  options.partition = Partition(0);
  return std::make_unique<WindowStage>(std::move(options), slices);
}

/// What a stage has taken over as its state it gives back as it was, and can go on from.
template <typename Make>
void try_state(std::string_view bytes, const Make& make) {
  const Slices slices(1);
  const std::string state(bytes);
  const std::unique_ptr<Stage> stage = make(slices);
  if (!stage->restored({state}, state)) return;
  const std::string written = stage->position_state();
  const std::unique_ptr<Stage> again = make(slices);
  require(again->restored({written}, written) && again->position_state() == written);
  Output out;
  stage->flush(out);
}

void try_journey_state(std::string_view bytes) {
  try_state(bytes, [](const Slices& slices) { return journey_stage(slices, 0); });
}
void try_intake_state(std::string_view bytes) {
  try_state(bytes, [](const Slices& slices) { return journey_stage(slices, 2); });
}
void try_windows_state(std::string_view bytes) { try_state(bytes, window_stage); }

/// The length of the key, the key, the value. Whatever is put back, the stage can be asked for all of it.
void try_windows_entry(std::string_view bytes) {
  if (bytes.empty()) return;
  const Slices slices(1);
  const std::unique_ptr<Stage> stage = window_stage(slices);
  const std::size_t length = static_cast<unsigned char>(bytes.front());
  bytes.remove_prefix(1);
  const std::string_view key = bytes.substr(0, length);
  if (!stage->restore(key, bytes.substr(key.size()))) return;
  Board board;
  stage->publish(board, TaskId{StageKind::kWindows, "deltas", Partition(0)}, true);
}

constexpr std::array kTargets = {try_customer,      try_deltas,       try_cell,          try_items,
                                 try_position,      try_envelope,     try_measures,      try_windows_key,
                                 try_journey_state, try_intake_state, try_windows_state, try_windows_entry,
                                 try_numbering};

}  // namespace
}  // namespace touchstone

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace touchstone;
  fuzz::Input input(data, size);
  if (size == 0) return 0;
  const std::size_t choice = input.byte();
  if (choice < kTargets.size()) kTargets[choice](input.rest());
  return 0;
}
