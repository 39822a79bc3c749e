// The rules that an answer is given by: the map may change while the server runs.
#pragma once

#include <memory>
#include <utility>

#include "engine/flow/board.h"
#include "engine/model/rules.h"

namespace touchstone {

/// Cheap to copy. Thread-safe.
class RulesNow {
 public:
  /// Those in force by the board, which must outlive this and have been told of some.
  explicit RulesNow(const Board& board) : board_(&board) {}
  /// Always these.
  explicit RulesNow(std::shared_ptr<const Rules> always) : always_(std::move(always)) {}

  [[nodiscard]] std::shared_ptr<const Rules> operator()() const {
    return board_ != nullptr ? board_->rules() : always_;
  }

 private:
  const Board* board_ = nullptr;
  std::shared_ptr<const Rules> always_;
};

}  // namespace touchstone
