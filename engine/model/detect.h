// Alerts about the cells of one windows task: which detectors each cell has, and what they say at the closings of the
// finest window. Satisfaction and waiting are judged by level_detector.h, conversions by conversion_detector.h, silence
// by silence_detector.h.
//
// Everything follows from the panes of the finest window in the order of their time, cell by cell, and from the time
// that closings have reached. So alerts do not depend on the order in which deltas arrived, on how many cells or
// partitions there are beside, nor on how often one asks. What comes behind a closing, from a partition that was
// silent, is not judged.
//
// The budget of false alarms is that of the whole map: each detector may raise one in so many hours that all of them
// together keep to it, were every cell of the map watched for every kind. So no task needs another's state.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/model/alert.h"
#include "engine/model/conversion_detector.h"
#include "engine/model/level_detector.h"
#include "engine/model/panes.h"
#include "engine/model/rules.h"
#include "engine/model/silence_detector.h"

namespace touchstone {

/// How long a wait is compared with: what was in the middle when waits were first seen.
struct WaitReference {
  std::int64_t seen = 0;
  std::int64_t buckets = 0;       ///< sum of their numbers, which are nearly logarithms
  std::int64_t reference_ms = 0;  ///< 0: not yet known
};

/// The detectors of one cell. Made when there is something to judge.
struct CellDetectors {
  std::unique_ptr<LevelDetector> satisfaction;
  std::unique_ptr<LevelDetector> wait;
  std::unique_ptr<ConversionDetector> conversions;
  std::unique_ptr<SilenceDetector> silence;
  WaitReference waits;
  EventTime last{};                   ///< beginning of the last pane
  std::vector<Alert> firing;          ///< as they fired; one a kind at most
  std::optional<EventTime> listed{};  ///< a time not later than when something is due; not part of the state
  bool relist = false;                ///< something may be due earlier than was listed
};

/// The two halves of a cell's detectors: what changes with every pane, and what changes with every hour.
enum class DetectorPart : std::uint8_t { kRecent, kSlow };

/// Not thread-safe; one task owns it.
class Detectors {
 public:
  using CellName = std::function<const CellKey&(CellIndex)>;
  using CellFilter = std::function<bool(CellIndex)>;
  using AlertSink = std::function<void(const Alert&)>;

  /// `cell` names the cells, and `names` what their parts are; both must outlive it.
  Detectors(const Rules& rules, const Names& names, CellName cell);

  /// A pane of the finest window has been taken in by a cell.
  void add(CellIndex cell, EventTime begin, const Cell& amounts, const AlertSink& alert);
  /// Closings have reached this time: what was due by it in these cells happens.
  void reach(EventTime closing, const CellFilter& may_touch, const AlertSink& alert);

  /// What has changed in these cells since it was last taken.
  using Changed = std::set<std::pair<CellIndex, DetectorPart>>;
  [[nodiscard]] Changed take_changed(const CellFilter& of_cells);
  void drop_changed() { changed_.clear(); }

  /// The detectors of a cell; none where there are none any more.
  [[nodiscard]] const CellDetectors* find(CellIndex cell) const;
  /// To be filled when state is put back, and then told.
  CellDetectors& restore(CellIndex cell) { return cells_[cell]; }
  void restored();

  /// The alerts that fire, in no particular order.
  [[nodiscard]] std::vector<Alert> firing() const;
  /// Whether an alert has fired or was resolved since one last asked.
  [[nodiscard]] bool take_news() { return std::exchange(news_, false); }

 private:
  struct Due {
    EventTime at;
    AlertKind kind{};
    bool gives_up{};
    bool expires{};
  };
  void watch_levels(CellIndex cell, CellDetectors& held, EventTime begin, const Cell& amounts, const AlertSink& alert);
  void watch_level(CellIndex cell, CellDetectors& held, AlertKind kind, const LevelPane& pane, const AlertSink& alert);
  void watch_conversions(CellIndex cell, CellDetectors& held, const LevelPane& pane, const AlertSink& alert);
  [[nodiscard]] std::optional<LevelPane> waits_of(WaitReference& waits, const Cell& amounts,
                                                  const LevelPane& pane) const;
  [[nodiscard]] std::optional<Due> due(const CellDetectors& held) const;
  /// What was due in a cell by a time, in order. False: the cell has expired and is gone.
  bool settle(CellIndex cell, EventTime upto, const AlertSink& alert);
  void list(CellIndex cell, CellDetectors& held);
  void tell(CellIndex cell, CellDetectors& held, AlertKind kind, const LevelChange& change, const AlertSink& alert);
  [[nodiscard]] LevelOptions options_of(AlertKind kind) const;
  [[nodiscard]] bool watches(AlertKind kind) const;

  const Rules& rules_;
  const Names& names_;
  CellName cell_;
  Millis step_;
  double hours_between_;
  std::unordered_map<CellIndex, CellDetectors> cells_;
  std::set<std::pair<EventTime, CellIndex>> timers_;
  Changed changed_;
  bool news_ = false;
};

/// For how many hours a detector must go without a false alarm, on average.
[[nodiscard]] double hours_between_alarms(const Rules& rules);

}  // namespace touchstone
