// The map read anew while the engine runs: a valid one takes effect at the next commit of each partition, one with
// problems changes nothing.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/rules_book.h"
#include "engine/flow/board.h"
#include "engine/model/settings.h"
#include "ingest/problem.h"

namespace touchstone {

struct Reloaded {
  bool changed = false;           ///< false also where the file says what it said before
  std::vector<Problem> problems;  ///< empty: the map is in force
  std::vector<Problem> warnings;
};

/// Thread-safe; one reload after another.
class Reload {
 public:
  /// Borrows the board, which must outlive it. `settings` stay as they are.
  Reload(std::string map_path, Settings settings, Board& board);

  /// The first reading, which has to succeed before anything else is asked.
  Reloaded open();
  /// Reads the file, and tells the board whether it was taken.
  Reloaded reload();

  [[nodiscard]] const std::shared_ptr<RulesBook>& rules() const { return rules_; }

 private:
  Reloaded read();

  std::string map_path_;
  Settings settings_;
  Board& board_;
  std::mutex mutex_;
  std::shared_ptr<RulesBook> rules_;
};

}  // namespace touchstone
