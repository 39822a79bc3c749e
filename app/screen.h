// Where the demo shows itself: a terminal, whose picture is replaced in place, or something that only takes
// text.
#pragma once

#include <iosfwd>
#include <string>

#include "app/summary.h"

namespace touchstone {

class Screen {
 public:
  /// Standard output. Borrows it.
  explicit Screen(std::ostream& out);
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  /// As leave().
  ~Screen();

  [[nodiscard]] bool is_terminal() const { return terminal_; }
  /// False once nobody takes what is shown, as at the end of a pipe that was closed.
  [[nodiscard]] bool is_open() const;
  /// As it is now; a terminal can be resized.
  [[nodiscard]] Layout layout() const;

  /// On a terminal replaces the picture, cut to the terminal's size; elsewhere appends the text.
  void show(const std::string& text);

  /// Gives the terminal back as it was. What is shown afterwards is appended.
  void leave();

 private:
  std::ostream& out_;
  bool terminal_;
  bool colours_;
  bool entered_ = false;
};

}  // namespace touchstone
