#include "engine/wire/delta_batch.h"

#include "engine/wire/records.h"

namespace touchstone {
namespace {

constexpr std::uint8_t kDeltasVersion = 3;
enum DeltaFlags : std::uint8_t { kDeltaMark = 1, kDeltaSilent = 2, kDeltaMarkFollows = 4, kDeltaEndFollows = 8 };

/// Times as distances: a pane's from the one before it in the list, the visit's before from it.
void write_visits(ByteWriter& out, const std::vector<VisitCount>& visits) {
  out.number(visits.size());
  std::int64_t last = 0;
  for (const auto& [visit, count] : visits) {
    const std::int64_t pane = millis_of(visit.pane);
    out.signed_number(pane - last);
    out.number(visit.before ? static_cast<std::uint64_t>((visit.pane - *visit.before).count()) : 0);
    out.signed_number(count);
    last = pane;
  }
}

std::vector<VisitCount> read_visits(ByteReader& in) {
  std::vector<VisitCount> visits;
  const std::size_t count = in.count();
  visits.reserve(count);
  EventTime last{};
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    last = in.time_after(last);
    const std::uint64_t apart = in.number();
    if (apart > static_cast<std::uint64_t>(kFurthestTimeMs)) in.fail();
    Visit visit{last, std::nullopt};
    if (apart != 0 && in.ok()) visit.before = last - Millis{static_cast<std::int64_t>(apart)};
    visits.push_back({visit, read_visitors(in)});
  }
  return visits;
}

DeltaHead read_head(ByteReader& in) {
  DeltaHead head;
  head.source = in.small_number();
  head.sources = in.small_number();
  const std::uint8_t flags = in.byte();
  head.has_mark = (flags & kDeltaMark) != 0;
  head.silent = (flags & kDeltaSilent) != 0;
  if ((flags & kDeltaMarkFollows) != 0) head.mark = in.time();
  if ((flags & kDeltaEndFollows) != 0) head.end = read_end(in);
  if (head.sources <= 0 || head.source >= head.sources) in.fail();
  return head;
}

}  // namespace

void write_delta(ByteWriter& out, std::string_view key, const CellDelta& delta, const Names& names) {
  out.raw(key);
  out.number(delta.panes.size());
  for (const auto& [pane, cell] : delta.panes) {
    out.time(pane);
    write_cell(out, cell, names);
  }
  write_visits(out, delta.visits);
  out.number(delta.items.size());
  for (const auto& [pane, items] : delta.items) {
    out.time(pane);
    write_items(out, items);
  }
}

std::string encode_deltas(const DeltaHead& head, std::size_t cells, std::string_view written) {
  ByteWriter out;
  out.byte(kDeltasVersion);
  out.number(static_cast<std::uint64_t>(head.source));
  out.number(static_cast<std::uint64_t>(head.sources));
  out.byte(static_cast<std::uint8_t>((head.has_mark ? kDeltaMark : 0) | (head.silent ? kDeltaSilent : 0) |
                                     (head.mark ? kDeltaMarkFollows : 0) | (head.end ? kDeltaEndFollows : 0)));
  if (head.mark) out.time(*head.mark);
  if (head.end) write_end(out, *head.end);
  out.number(cells);
  out.raw(written);
  return out.take();
}

std::string encode_deltas(const DeltaBatch& batch, const Names& names) {
  ByteWriter cells;
  for (const NamedDelta& named : batch.deltas) {
    ByteWriter key;
    write_cell_key(key, named.cell);
    write_delta(cells, key.bytes(), named.delta, names);
  }
  return encode_deltas(batch.head, batch.deltas.size(), cells.bytes());
}

std::optional<DeltaBatch> decode_deltas(std::string_view bytes, Names& names) {
  ByteReader in(bytes);
  if (in.byte() != kDeltasVersion) return std::nullopt;
  DeltaBatch batch;
  batch.head = read_head(in);
  const std::size_t count = in.count();
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    NamedDelta& named = batch.deltas.emplace_back();
    named.cell = read_cell_key(in);
    const std::size_t panes = in.count();
    std::optional<EventTime> before;
    for (std::size_t p = 0; p < panes && in.ok(); ++p) {
      const EventTime pane = in.time();
      if (before && pane <= *before) in.fail();
      before = pane;
      named.delta.panes[pane] = read_cell(in, names);
    }
    named.delta.visits = read_visits(in);
    const std::size_t lists = in.count();
    for (std::size_t l = 0; l < lists && in.ok(); ++l) {
      const EventTime pane = in.time();
      named.delta.items[pane] = read_items(in);
    }
  }
  if (!in.done()) return std::nullopt;
  return batch;
}

}  // namespace touchstone
