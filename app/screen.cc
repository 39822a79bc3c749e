#include "app/screen.h"

#include <algorithm>
#include <cstdlib>
#include <ostream>
#include <string_view>
#include <vector>

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

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  }
  return lines;
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
  std::vector<std::string_view> lines = lines_of(text);
  const std::size_t rows = terminal_size().rows;
  // A small terminal has no room for empty lines.
  if (lines.size() > rows) std::erase(lines, std::string_view{});
  lines.resize(std::min(lines.size(), rows));
  std::string picture = "\033[H";
  for (std::size_t row = 0; row < lines.size(); ++row) {
    // A line feed in the last row would move everything up.
    if (row > 0) picture += "\r\n";
    picture.append(lines[row]).append("\033[K");
  }
  out_ << picture << "\033[J" << std::flush;
}

void Screen::leave() {
  if (entered_) out_ << kLeave << std::flush;
  entered_ = false;
}

}  // namespace touchstone
