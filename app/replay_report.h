// What `replay` tells at its end, made of the derived records it wrote: the map as a table over the whole input, and a
// reading of the longest window as it last closed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "app/map_table.h"
#include "exporters/window_rows.h"
#include "engine/flow/topic_names.h"
#include "engine/model/rules.h"
#include "engine/model/time.h"

namespace touchstone {

class ReplayReport {
 public:
  /// Borrows the rules.
  ReplayReport(const Rules& rules, const TopicNames& topics);

  /// Takes a derived record; those of other topics are passed over.
  void take(std::string_view topic, std::string_view key, std::string_view value);
  void print(std::ostream& out) const;

 private:
  using ByTouchpoint = std::map<std::pair<std::string, std::string>, std::int64_t>;  ///< and segment

  void take_lapse(std::string_view transition);
  void take_unmapped(std::string_view interaction);
  [[nodiscard]] ByTouchpoint lapses() const;
  void print_unmapped(std::ostream& out) const;

  const Rules& rules_;
  TopicNames topics_;
  MapTable table_;
  WindowRows rows_;                           ///< of the longest window
  std::map<EventTime, ByTouchpoint> lapses_;  ///< by step of the longest window, as far back as it reaches
  std::map<std::pair<std::string, std::string>, std::int64_t> unmapped_;  ///< by channel and type; bounded
  std::int64_t unmapped_others_ = 0;
};

}  // namespace touchstone
