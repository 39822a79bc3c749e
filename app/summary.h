// The state of the touchpoint map in words and a table, made only of what the derived topics say: what
// anybody could show who reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <iosfwd>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/map_table.h"
#include "exporters/window_rows.h"
#include "engine/flow/ports.h"
#include "engine/flow/topic_names.h"
#include "engine/model/rules.h"

namespace touchstone {

/// How a text for people is laid out.
struct Layout {
  Colours colours = Colours::kNone;
  std::size_t columns = 200;  ///< of the terminal; a wider table is printed in parts
};

class Summary {
 public:
  /// Shows the rows of this window, one of the rules' settings. Borrows the rules.
  Summary(const Rules& rules, TopicNames topics, std::string window);

  /// Takes a record of a derived topic.
  void take(const Record& record);

  /// Records taken.
  struct Counts {
    std::uint64_t interactions = 0;
    std::uint64_t late = 0;
    std::uint64_t transitions = 0;
    std::uint64_t conversions = 0;
    std::uint64_t rows = 0;
    std::uint64_t alerts = 0;
    std::map<std::string, std::uint64_t> dead_letters;  ///< by reason
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }
  /// When the last window that it shows was closed, as written; empty: none yet.
  [[nodiscard]] const std::string& closed_at() const { return rows_.end(); }

  void print(const Layout& layout, std::ostream& out) const;

 private:
  void print_table(const std::vector<std::string>& stages, const Layout& layout, std::ostream& out) const;
  void print_customers(std::ostream& out) const;
  void print_alerts(const Layout& layout, std::ostream& out) const;
  void print_transitions(std::ostream& out) const;

  const Rules& rules_;
  TopicNames topics_;
  std::vector<std::string> segments_;  ///< in map order, `other`, then `all`
  Counts counts_;
  WindowRows rows_;
  std::deque<std::string> transitions_;  ///< the last few, as they came
  std::deque<std::string> alerts_;
};

}  // namespace touchstone
