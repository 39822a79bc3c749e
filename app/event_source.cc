#include "app/event_source.h"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "engine/model/settings.h"

namespace touchstone {
namespace {

/// Live traffic that is so far behind cannot be caught up with at this rate; it goes on at the present.
constexpr Millis kHopeless{5'000};
/// No silence of a file takes more than this part of its whole time.
constexpr int kLongestSilence = 200;

/// A line as the record that it will be; nothing in it is checked, the engine does that.
Decoded decode_line(EventDecoder& decoder, std::string_view line) {
  Record record;
  record.value = line;
  return decoder.decode(record);
}

/// The event time of each line; a line that has none takes the one before, or the first there is.
Result<std::vector<EventTime>> times_of(LineReader& lines) {
  EventDecoder decoder(Settings{}.max_future);
  std::vector<EventTime> times;
  bool any = false;
  for (;;) {
    auto line = lines.next();
    if (!line) return line.error();
    if (!*line) return times;
    const Decoded decoded = decode_line(decoder, **line);
    if (const auto* event = std::get_if<const Event*>(&decoded)) {
      if (!any) std::fill(times.begin(), times.end(), (*event)->time);
      any = true;
      times.push_back((*event)->time);
    } else {
      times.push_back(any ? times.back() : EventTime{});
    }
  }
}

/// When each line is due, in proportion to the event times, within `spread`.
std::vector<Millis> schedule(const std::vector<EventTime>& times, Millis spread) {
  const Millis whole = times.back() - times.front();
  const Millis longest = std::max(Millis{1}, whole / kLongestSilence);
  std::vector<Millis> due(times.size());
  for (std::size_t i = 1; i < times.size(); ++i) {
    due[i] = due[i - 1] + std::clamp(times[i] - times[i - 1], Millis{0}, longest);
  }
  const double scale =
      static_cast<double>(spread.count()) / static_cast<double>(std::max<std::int64_t>(1, due.back().count()));
  for (Millis& each : due) each = Millis{static_cast<std::int64_t>(static_cast<double>(each.count()) * scale)};
  return due;
}

}  // namespace

LiveSource::LiveSource(const Options& options)
    : options_(options),
      traffic_(options.traffic, options.start),
      begun_(options.start),
      pace_(options.quiet_events_per_second) {}

EventTime LiveSource::next_at() const {
  return begun_ + Millis{static_cast<std::int64_t>(static_cast<double>(handed_out_) * 1'000 / pace_)};
}

void LiveSource::begin_at(EventTime time) {
  begun_ = time;
  pace_ = options_.events_per_second;
  handed_out_ = 0;
}

Result<std::optional<SourceRecord>> LiveSource::next(EventTime now) {
  if (begun_ < options_.busy_from && next_at() >= options_.busy_from) begin_at(options_.busy_from);
  if (live_ && next_at() < now - kHopeless) {
    skipped_ = true;
    begin_at(now);
  }
  const EventTime at = next_at();
  if (at > now) {
    live_ = true;
    return std::optional<SourceRecord>{};
  }
  ++handed_out_;
  TrafficRecord record = traffic_.next(at);
  return std::optional(SourceRecord{std::move(record.customer), std::move(record.value)});
}

std::string LiveSource::progress(EventTime now) const {
  if (!live_) {
    const auto behind = std::chrono::duration_cast<std::chrono::seconds>(now - next_at()).count();
    return fmt::format("first the last minutes, as quickly as they are read: {} s behind the present", behind);
  }
  if (!skipped_) return fmt::format("live, {:g} events a second", options_.events_per_second);
  return fmt::format("live; {:g} events a second are more than can be read here", options_.events_per_second);
}

FileSource::FileSource(std::unique_ptr<LineReader> lines, std::vector<Millis> due)
    : decoder_(Settings{}.max_future), lines_(std::move(lines)), due_(std::move(due)) {}

Result<std::unique_ptr<FileSource>> FileSource::open(const std::string& path, Millis spread) {
  auto lines = LineReader::open(path);
  if (!lines) return lines.error();
  auto times = times_of(**lines);
  if (!times) return times.error();
  if (times->empty()) return Error(ErrorKind::kReject, path + " holds no lines");
  // Handed out from the beginning again.
  lines = LineReader::open(path);
  if (!lines) return lines.error();
  return std::unique_ptr<FileSource>(new FileSource(std::move(*lines), schedule(*times, spread)));
}

Result<std::optional<SourceRecord>> FileSource::next(EventTime now) {
  if (!begun_) begun_ = now;
  if (ended() || *begun_ + due_[handed_out_] > now) return std::optional<SourceRecord>{};
  auto line = lines_->next();
  if (!line) return line.error();
  if (!*line) return Error(ErrorKind::kFatal, lines_->base_name() + " became shorter while it was read");
  ++handed_out_;
  SourceRecord record;
  record.value = std::string(**line);
  const Decoded decoded = decode_line(decoder_, **line);
  if (const auto* event = std::get_if<const Event*>(&decoded)) last_ = (*event)->time;
  if (const auto customer = decoder_.customer()) record.key = std::string(*customer);
  return std::optional(std::move(record));
}

bool FileSource::is_up_to_date(EventTime now) const { return ended() || (begun_ && *begun_ + due_[handed_out_] > now); }

std::string FileSource::progress(EventTime /*now*/) const {
  return fmt::format("{} of {} events, up to {}", handed_out_, due_.size(), to_rfc3339(last_).substr(0, 16));
}

}  // namespace touchstone
