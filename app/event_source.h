// Where the demo's events come from: invented ones as time goes by, or those of a file at a faster pace.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/traffic.h"
#include "engine/model/result.h"
#include "engine/model/time.h"
#include "ingest/event_decoder.h"
#include "ingest/line_reader.h"

namespace touchstone {

struct SourceRecord {
  std::optional<std::string> key;
  std::optional<std::string> value;
};

/// One thread owns it.
class EventSource {
 public:
  EventSource() = default;
  EventSource(const EventSource&) = delete;
  EventSource& operator=(const EventSource&) = delete;
  virtual ~EventSource() = default;

  /// The next record, if its time has come. `now` is the wall clock's and does not go back.
  virtual Result<std::optional<SourceRecord>> next(EventTime now) = 0;
  /// True if everything that is due by now has been handed out: the source waits for the time to pass, or has
  /// ended.
  [[nodiscard]] virtual bool is_up_to_date(EventTime now) const = 0;
  /// True if nothing comes any more.
  [[nodiscard]] virtual bool ended() const = 0;
  /// How far it is, in a few words for a person.
  [[nodiscard]] virtual std::string progress(EventTime now) const = 0;
};

/// Generated traffic of so many events a second. It begins in the past and is handed out as quickly as it is
/// asked for until it has caught up; then it is live.
class LiveSource final : public EventSource {
 public:
  struct Options {
    TrafficOptions traffic;
    EventTime start;
    double quiet_events_per_second = 20;  ///< before `busy_from`
    EventTime busy_from;
    double events_per_second = 200;
  };
  explicit LiveSource(const Options& options);

  Result<std::optional<SourceRecord>> next(EventTime now) override;
  [[nodiscard]] bool is_up_to_date(EventTime now) const override { return next_at() > now; }
  [[nodiscard]] bool ended() const override { return false; }
  [[nodiscard]] std::string progress(EventTime now) const override;

 private:
  [[nodiscard]] EventTime next_at() const;
  void begin_at(EventTime time);

  Options options_;
  Traffic traffic_;
  EventTime begun_;  ///< the time from which `handed_out_` is counted
  double pace_;      ///< events a second since then
  std::uint64_t handed_out_ = 0;
  bool live_ = false;
  bool skipped_ = false;  ///< the traffic fell too far behind once and went on at the present
};

/// The events of a file, spread over a given time in proportion to their event times. Long silences are
/// shortened.
class FileSource final : public EventSource {
 public:
  /// Reads the file once for its times. kFatal: it cannot be read; kReject: it is empty.
  static Result<std::unique_ptr<FileSource>> open(const std::string& path, Millis spread);

  Result<std::optional<SourceRecord>> next(EventTime now) override;
  [[nodiscard]] bool is_up_to_date(EventTime now) const override;
  [[nodiscard]] bool ended() const override { return handed_out_ == due_.size(); }
  [[nodiscard]] std::string progress(EventTime now) const override;

 private:
  FileSource(std::unique_ptr<LineReader> lines, std::vector<Millis> due);

  EventDecoder decoder_;
  std::unique_ptr<LineReader> lines_;
  std::vector<Millis> due_;  ///< by line: how long after the beginning
  std::optional<EventTime> begun_;
  std::size_t handed_out_ = 0;
  EventTime last_;  ///< the event time of the last readable line
};

}  // namespace touchstone
