#include "app/reload.h"

#include <chrono>
#include <fstream>
#include <iterator>
#include <utility>

#include "ingest/map_loader.h"

namespace touchstone {

Reload::Reload(std::string map_path, Settings settings, Board& board)
    : map_path_(std::move(map_path)), settings_(std::move(settings)), board_(board) {}

Reloaded Reload::read() {
  // Read once, so that the text that is recorded is the one that was understood.
  std::ifstream file(map_path_, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  // The loader knows how to say what is wrong with a file that cannot be read.
  MapLoaded loaded = file.good() || file.eof() ? load_map_text(text, map_path_) : load_map(map_path_);
  Reloaded reloaded{false, std::move(loaded.problems), std::move(loaded.warnings)};
  if (!loaded.map) return reloaded;
  auto rules = std::make_shared<const Rules>(std::move(*loaded.map), settings_);
  if (!rules_) {
    rules_ = std::make_shared<RulesBook>(std::move(rules), text);
    reloaded.changed = true;
  } else {
    reloaded.changed = rules_->change(std::move(rules), text);
  }
  if (reloaded.changed) board_.change_rules(rules_->current().rules);
  return reloaded;
}

Reloaded Reload::open() {
  const std::scoped_lock lock(mutex_);
  return read();
}

Reloaded Reload::reload() {
  const std::scoped_lock lock(mutex_);
  Reloaded reloaded = read();
  board_.count_reload(reloaded.problems.empty(), std::chrono::system_clock::now());
  return reloaded;
}

}  // namespace touchstone
