#include "app/screen.h"

#include <cstdlib>
#include <ostream>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace touchstone {
namespace {

struct Size {
  std::size_t columns;
  std::size_t rows;
};

/// Of a terminal that does not tell, as under `script`.
constexpr Size kUnknown{.columns = 120, .rows = 50};

Size terminal_size() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return kUnknown;
  return {size.ws_col, size.ws_row};
}

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

/// On its own page, without a cursor; long lines are cut and not wrapped.
constexpr std::string_view kEnter = "\033[?1049h\033[?25l\033[?7l";
constexpr std::string_view kLeave = "\033[?7h\033[?25h\033[?1049l";

}  // namespace

Screen::Screen(std::ostream& out)
    : out_(out),
      terminal_(isatty(STDOUT_FILENO) == 1 && variable("TERM") != "dumb" && !variable("TERM").empty()),
      colours_(terminal_ && variable("NO_COLOR").empty()) {}

Screen::~Screen() { leave(); }

bool Screen::is_open() const { return out_.good(); }

Layout Screen::layout() const {
  Layout layout;
  layout.colours = colours_ ? Colours::kAnsi : Colours::kNone;
  if (terminal_) layout.columns = terminal_size().columns;
  return layout;
}

void Screen::show(const std::string& text) {
  if (!terminal_) {
    out_ << text << '\n' << std::flush;
    return;
  }
  if (!entered_) out_ << kEnter;
  entered_ = true;
  std::string picture = "\033[H";
  std::string_view left = text;
  for (std::size_t row = terminal_size().rows; row > 0 && !left.empty(); --row) {
    const std::size_t end = left.find('\n');
    picture.append(left.substr(0, end)).append("\033[K");
    left = end == std::string_view::npos ? std::string_view{} : left.substr(end + 1);
    // A line feed in the last row would move everything up.
    if (row > 1 && !left.empty()) picture += "\r\n";
  }
  out_ << picture << "\033[J" << std::flush;
}

void Screen::leave() {
  if (entered_) out_ << kLeave << std::flush;
  entered_ = false;
}

}  // namespace touchstone
