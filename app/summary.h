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
  Summary(const Rules& rules, const TopicNames& topics, std::string window);

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
  [[nodiscard]] const std::string& closed_at() const { return end_; }

  void print(const Layout& layout, std::ostream& out) const;

 private:
  /// What is kept of a row.
  struct Figures {
    std::int64_t interactions = 0;
    std::int64_t customers = 0;
    std::int64_t conversions = 0;
    double value = 0;
    std::int64_t responses = 0;
    double satisfaction = 0;
  };
  using Key = std::pair<std::string, std::string>;  ///< segment, id

  void take_row(std::string_view key, std::string_view value);
  void print_table(const std::vector<std::string>& stages, const Layout& layout, std::ostream& out) const;
  void print_customers(std::ostream& out) const;
  void print_pain_points(const Layout& layout, std::ostream& out) const;
  void print_alerts(const Layout& layout, std::ostream& out) const;
  void print_transitions(std::ostream& out) const;

  const Rules& rules_;
  TopicNames topics_;
  std::string window_;
  std::vector<std::string> segments_;  ///< in map order, `other`, then `all`
  Counts counts_;
  std::string end_;
  Figures everything_;
  std::map<Key, MapTableCell> cells_;
  std::map<std::string, std::int64_t, std::less<>> customers_;  ///< by stage
  std::map<std::string, Figures, std::less<>> touchpoints_;
  std::deque<std::string> transitions_;  ///< the last few, as they came
  std::deque<std::string> alerts_;
};

}  // namespace touchstone
