// The current rows of one window, read from the windows topic: what any subscriber knows who keeps the last record
// of each key.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "engine/model/cell.h"
#include "engine/model/row.h"
#include "engine/model/rules.h"

namespace touchstone {

class WindowRows {
 public:
  /// Keeps the rows of this window. Borrows the rules.
  WindowRows(const Rules& rules, std::string window) : rules_(rules), window_(std::move(window)) {}

  /// Takes a record of the windows topic. What is no row, or one of another window, is passed over; by its key without
  /// being read.
  void take(std::string_view key, std::string_view value);
  /// Takes a row without its key.
  void take(std::string_view value);

  [[nodiscard]] const std::string& window() const { return window_; }
  /// The latest closing of a row, as written; empty: none yet.
  [[nodiscard]] const std::string& end() const { return end_; }
  /// What this program shows of each row: durations, the kinds of ratings and credit by value are left out.
  [[nodiscard]] const std::map<CellKey, Measures>& rows() const { return rows_; }
  /// The row of a cell; an empty one where there is none.
  [[nodiscard]] const Measures& row(Scope scope, std::string_view id, std::string_view segment) const;

 private:
  void keep(std::string_view scope, std::string_view id, std::string_view segment, const boost::json::object& row);

  const Rules& rules_;
  std::string window_;
  std::string end_;
  std::map<CellKey, Measures> rows_;
};

}  // namespace touchstone
