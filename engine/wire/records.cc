#include "engine/wire/records.h"

#include <algorithm>

#include <xxhash.h>

#include "engine/model/quantile.h"

namespace touchstone {
namespace {

constexpr std::uint8_t kMeasuresVersion = 1;
constexpr std::uint8_t kPositionVersion = 1;
/// Beyond it an amount is a fault of the bytes, so that reading one twice cannot overflow.
constexpr std::int64_t kLargestAmount = (std::int64_t{1} << 62) - 1;
/// Ids of a kind that state may name, those that maps no longer have included; the numbers above stand for ends.
constexpr std::size_t kMostNames = kToLapse;

std::uint64_t hash_of(const CellKey& cell) {
  ByteWriter bytes;
  write_cell_key(bytes, cell);
  return XXH3_64bits(bytes.bytes().data(), bytes.bytes().size());
}

void write_wide(ByteWriter& out, WideInt value) {
  // Money sums are far below 2^64 units either way; two halves keep even the unrealistic ones exact.
  out.fixed64(static_cast<std::uint64_t>(value));
  out.fixed64(static_cast<std::uint64_t>(value >> 64));
}

WideInt read_wide(ByteReader& in) {
  const std::uint64_t low = in.fixed64();
  const std::uint64_t high = in.fixed64();
  return (static_cast<WideInt>(static_cast<std::int64_t>(high)) << 64) | static_cast<WideInt>(low);
}

void write_mean(ByteWriter& out, const std::optional<Mean>& mean) {
  out.byte(mean ? 1 : 0);
  if (!mean) return;
  out.signed_number(mean->responses);
  out.signed_number(mean->millionths);
}

std::optional<Mean> read_mean(ByteReader& in) {
  if (in.byte() == 0) return std::nullopt;
  Mean mean;
  mean.responses = in.signed_number();
  mean.millionths = in.signed_number();
  return mean;
}

void write_lengths(ByteWriter& out, const std::optional<Lengths>& lengths) {
  out.byte(lengths ? 1 : 0);
  if (!lengths) return;
  for (const std::int64_t each : {lengths->count, lengths->p50_ms, lengths->p90_ms, lengths->p99_ms}) {
    out.signed_number(each);
  }
}

std::optional<Lengths> read_lengths(ByteReader& in) {
  if (in.byte() == 0) return std::nullopt;
  Lengths lengths;
  for (std::int64_t* each : {&lengths.count, &lengths.p50_ms, &lengths.p90_ms, &lengths.p99_ms}) {
    *each = in.signed_number();
  }
  return lengths;
}

/// The number of an id, which gets one if it is new; with more ids than there are numbers the bytes are at fault.
template <typename Number>
Number number_of(Dictionary<Number>& dictionary, std::string_view id, ByteReader& in) {
  if (const auto known = dictionary.find(id)) return *known;
  if (dictionary.size() >= kMostNames) in.fail();
  if (!in.ok()) return Number{};
  dictionary.add(id);
  return *dictionary.find(id);
}

/// The largest sub of a kind whose sub is a number.
std::uint16_t largest_sub(MeasureKind kind) {
  static const std::uint16_t kLargestBucket = bucket_of(kLongestLengthMs);
  switch (kind) {
    case MeasureKind::kRatings:
    case MeasureKind::kRatingSum:
      return kRatingKinds - 1;
    case MeasureKind::kWait:
    case MeasureKind::kDuration:
      return kLargestBucket;
    case MeasureKind::kCreditShare:
    case MeasureKind::kCreditWhole:
    case MeasureKind::kCreditFraction:
      return kCreditModels - 1;
    default:
      return 0;
  }
}

void write_sub(ByteWriter& out, MeasureKey key, const Names& names) {
  if (key.kind == MeasureKind::kStage) {
    out.text(names.stages.id(StageNo(key.sub)));
  } else if (key.kind == MeasureKind::kSegmentResponses || key.kind == MeasureKind::kSegmentSatisfaction) {
    out.text(names.segments.id(SegmentNo(key.sub)));
  } else if (key.kind == MeasureKind::kChannelResponses || key.kind == MeasureKind::kChannelSatisfaction) {
    out.text(names.channels.id(ChannelNo(key.sub)));
  } else if (key.kind != MeasureKind::kMove) {
    out.number(key.sub);
  } else if (key.sub == kToConversion || key.sub == kToLapse) {
    out.text(key.sub == kToConversion ? kConversionEnd : kLapseEnd);
  } else {
    out.text(names.touchpoints.id(TouchpointNo(key.sub)));
  }
}

std::uint16_t read_sub(ByteReader& in, MeasureKind kind, Names& names) {
  if (kind != MeasureKind::kStage && kind != MeasureKind::kMove && !is_division(kind)) {
    const std::uint64_t sub = in.number();
    if (sub > largest_sub(kind)) in.fail();
    return static_cast<std::uint16_t>(sub);
  }
  const std::string_view id = in.text();
  if (!in.ok()) return 0;
  if (kind == MeasureKind::kStage) return number_of(names.stages, id, in).value();
  if (kind == MeasureKind::kSegmentResponses || kind == MeasureKind::kSegmentSatisfaction) {
    return number_of(names.segments, id, in).value();
  }
  if (is_division(kind)) return number_of(names.channels, id, in).value();
  if (id == kConversionEnd) return kToConversion;
  if (id == kLapseEnd) return kToLapse;
  return number_of(names.touchpoints, id, in).value();
}

}  // namespace

void write_cell(ByteWriter& out, const Cell& cell, const Names& names) {
  out.number(cell.amounts().size());
  for (const Cell::Amount& amount : cell.amounts()) {
    out.byte(static_cast<std::uint8_t>(amount.key.kind));
    write_sub(out, amount.key, names);
    out.signed_number(amount.amount);
  }
}

Cell read_cell(ByteReader& in, Names& names) {
  Cell cell;
  const std::size_t count = in.count();
  constexpr std::size_t kFewestBytes = 3;  // of an amount
  cell.reserve(std::min(count, in.left() / kFewestBytes));
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    const std::uint8_t kind = in.byte();
    if (kind == 0 || kind > kLastMeasureKind) in.fail();
    MeasureKey key{static_cast<MeasureKind>(kind), 0};
    key.sub = read_sub(in, key.kind, names);
    const std::int64_t amount = in.signed_number();
    if (amount == 0 || amount < -kLargestAmount || amount > kLargestAmount) in.fail();
    if (in.ok()) cell.add(key, amount);
    if (cell.amounts().size() != i + 1) in.fail();  // one key came twice
  }
  return cell;
}

std::int64_t read_visitors(ByteReader& in) {
  const std::int64_t visitors = in.signed_number();
  if (visitors < -kMostVisitors || visitors > kMostVisitors) in.fail();
  return in.ok() ? visitors : 0;
}

void write_items(ByteWriter& out, const ItemCounts& items) {
  out.number(items.size());
  for (const auto& [item, count] : items) {
    out.text(item);
    out.signed_number(count);
  }
}

ItemCounts read_items(ByteReader& in) {
  ItemCounts items;
  const std::size_t count = in.count();
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    std::string item(in.text());
    items[std::move(item)] = in.signed_number();
  }
  return items;
}

void write_cell_key(ByteWriter& out, const CellKey& key) {
  out.byte(static_cast<std::uint8_t>(key.scope));
  out.text(key.id);
  out.text(key.segment);
}

CellKey read_cell_key(ByteReader& in) {
  const std::uint8_t scope = in.byte();
  if (scope >= kScopeNames.size()) in.fail();
  CellKey key{static_cast<Scope>(scope), {}, {}};
  key.id = in.text();
  key.segment = in.text();
  return key;
}

void write_end(ByteWriter& out, const EndOfInput& end) {
  out.number(end.session);
  out.optional_time(end.highest);
}

EndOfInput read_end(ByteReader& in) {
  EndOfInput end;
  end.session = in.number();
  end.highest = in.optional_time();
  return end;
}

void write_source(ByteWriter& out, const SourceState& source, std::uint64_t ended) {
  out.byte(static_cast<std::uint8_t>((source.heard ? 1 : 0) | (source.silent ? 2 : 0)));
  out.optional_time(source.mark);
  out.number(ended);
}

SourceState read_source(ByteReader& in, std::uint64_t& ended) {
  SourceState source;
  const std::uint8_t flags = in.byte();
  source.heard = (flags & 1) != 0;
  source.silent = (flags & 2) != 0;
  source.mark = in.optional_time();
  ended = in.number();
  return source;
}

std::string encode_measures(const Row& row, const Names& names) {
  const Measures& measures = row.measures;
  ByteWriter out;
  out.byte(kMeasuresVersion);
  out.time(row.end);
  out.signed_number(measures.interactions);
  out.signed_number(measures.customers);
  out.signed_number(measures.conversions);
  write_wide(out, measures.value);
  write_mean(out, measures.satisfaction);
  for (const auto& rating : measures.ratings) write_mean(out, rating);
  write_lengths(out, measures.wait);
  write_lengths(out, measures.duration);
  out.number(measures.stages.size());
  for (const StageCount& stage : measures.stages) {
    out.text(names.stages.id(stage.stage));
    out.signed_number(stage.interactions);
  }
  out.number(measures.credit.size());
  for (const CreditSum& credit : measures.credit) {
    out.byte(static_cast<std::uint8_t>(credit.model));
    out.signed_number(credit.conversions);
    write_wide(out, credit.value);
  }
  return out.take();
}

bool decode_measures(std::string_view bytes, Names& names, Row& row) {
  ByteReader in(bytes);
  if (in.byte() != kMeasuresVersion) return false;
  Measures& measures = row.measures;
  row.end = in.time();
  measures.interactions = in.signed_number();
  measures.customers = in.signed_number();
  measures.conversions = in.signed_number();
  measures.value = read_wide(in);
  measures.satisfaction = read_mean(in);
  for (auto& rating : measures.ratings) rating = read_mean(in);
  measures.wait = read_lengths(in);
  measures.duration = read_lengths(in);
  const std::size_t stage_count = in.count();
  for (std::size_t i = 0; i < stage_count && in.ok(); ++i) {
    const std::string_view id = in.text();
    const std::int64_t interactions = in.signed_number();
    if (in.ok()) measures.stages.push_back({number_of(names.stages, id, in), interactions});
  }
  const std::size_t credits = in.count();
  for (std::size_t i = 0; i < credits && in.ok(); ++i) {
    const std::uint8_t model = in.byte();
    if (model >= kCreditModelNames.size()) in.fail();
    const std::int64_t conversions = in.signed_number();
    measures.credit.push_back({static_cast<CreditModel>(model), conversions, read_wide(in)});
  }
  return in.done();
}

std::string encode_position(const SlicePosition& position) {
  ByteWriter out;
  out.byte(kPositionVersion);
  out.signed_number(position.offset.value());
  out.text(position.fingerprint);
  out.text(position.state);
  return out.take();
}

std::optional<SlicePosition> decode_position(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.byte() != kPositionVersion) return std::nullopt;
  SlicePosition position;
  position.offset = Offset(in.signed_number());
  position.fingerprint = in.text();
  position.state = in.text();
  if (!in.done()) return std::nullopt;
  return position;
}

std::string changelog_offset_key() { return {static_cast<char>(KeyKind::kChangelogOffset)}; }

std::string position_key(std::uint32_t slice) {
  ByteWriter out;
  out.byte(static_cast<std::uint8_t>(KeyKind::kPosition));
  out.number(slice);
  return out.take();
}

std::string rules_key() { return {static_cast<char>(KeyKind::kRules)}; }

std::string numbering_key() { return {static_cast<char>(KeyKind::kNumbering)}; }

std::string customer_key(std::uint32_t slice, std::string_view customer) {
  ByteWriter out;
  out.byte(static_cast<std::uint8_t>(KeyKind::kCustomer));
  out.byte(static_cast<std::uint8_t>(slice >> 8));  // the higher one first, so that keys are in the order of slices
  out.byte(static_cast<std::uint8_t>(slice));
  out.raw(customer);
  return out.take();
}

std::optional<CustomerKeyParts> read_customer_key(std::string_view key) {
  ByteReader in(key);
  if (static_cast<KeyKind>(in.byte()) != KeyKind::kCustomer) return std::nullopt;
  const std::uint32_t high = in.byte();
  const std::uint32_t low = in.byte();
  if (!in.ok()) return std::nullopt;
  return CustomerKeyParts{(high << 8) | low, key.substr(3)};
}

std::string windows_key(KeyKind kind, std::uint8_t window, const CellKey& cell, EventTime time) {
  ByteWriter out;
  out.byte(static_cast<std::uint8_t>(kind));
  out.byte(window);
  write_cell_key(out, cell);
  if (kind != KeyKind::kRow) out.time(time);
  return out.take();
}

std::optional<WindowsKeyParts> read_windows_key(std::string_view key) {
  ByteReader in(key);
  const auto kind = static_cast<KeyKind>(in.byte());
  WindowsKeyParts parts{};
  parts.window = in.byte();
  parts.cell = read_cell_key(in);
  if (kind != KeyKind::kRow) parts.time = in.time();
  if (!in.done()) return std::nullopt;
  return parts;
}

std::uint64_t hash_of_customer(std::string_view customer) { return XXH3_64bits(customer.data(), customer.size()); }

std::uint32_t slice_of_cell(const CellKey& cell, std::uint32_t slices) {
  // A chain and the touchpoints it credits belong to one slice, so that they are always true as of one offset.
  const bool is_credited = cell.scope == Scope::kChain || cell.scope == Scope::kTouchpoint;
  const CellKey owner = is_credited ? CellKey{Scope::kChain, {}, cell.segment} : cell;
  // The low bits choose the partition; the slice is taken from the high ones, else slices would stay empty.
  return static_cast<std::uint32_t>((hash_of(owner) >> 32) % slices);
}

Partition partition_of_cell(const CellKey& cell, std::int32_t partitions) {
  return Partition(static_cast<std::int32_t>((hash_of(cell) & 0xFFFFFFFFU) % static_cast<std::uint64_t>(partitions)));
}

}  // namespace touchstone
