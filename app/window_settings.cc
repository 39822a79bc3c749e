#include "app/window_settings.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace touchstone {
namespace {

constexpr std::array<std::string_view, 2> kWindowKeys = {"size", "step"};

/// A window with its two values, for problems about them.
struct WrittenWindow {
  WindowSpec spec;
  YamlValue size;
  YamlValue step;
};

std::optional<WrittenWindow> read_window(const YamlValue& value) {
  const YamlMapping keys(value, kWindowKeys);
  const auto size = keys.need("size");
  const auto step = keys.need("step");
  if (!size || !step) return std::nullopt;
  const auto size_read = size->duration({"100ms", "400d"});
  const auto step_read = step->duration({"100ms", "400d"});
  if (!size_read || !step_read) return std::nullopt;
  return WrittenWindow{{size->node().text, *size_read, *step_read}, *size, *step};
}

/// Whether the window is right by itself.
bool is_right(const WrittenWindow& window) {
  const WindowSpec& spec = window.spec;
  if (spec.step > spec.size) {
    window.step.problem("the step " + window.step.node().text + " is longer than the window, " + spec.name);
  } else if (spec.size % spec.step != Millis{0}) {
    window.step.problem("the step " + window.step.node().text + " does not divide the window's size, " + spec.name);
  } else if (spec.size / spec.step > kMostStepsOfWindow) {
    window.step.problem("the window " + spec.name + " has more than " + std::to_string(kMostStepsOfWindow) + " steps");
  } else {
    return true;
  }
  return false;
}

/// `smaller` and `larger` are neighbours in order of size.
void check_neighbours(const WrittenWindow& smaller, const WrittenWindow& larger) {
  if (smaller.spec.size == larger.spec.size) {
    larger.size.problem("the size of another window, in line " + std::to_string(smaller.size.node().at.line));
  } else if (larger.spec.step % smaller.spec.step != Millis{0}) {
    larger.step.problem("the step " + larger.step.node().text + " is no multiple of " + smaller.step.node().text +
                        ", the step of the next smaller window, " + smaller.spec.name);
  }
}

}  // namespace

std::vector<WindowSpec> read_windows(const YamlValue& value) {
  std::vector<WrittenWindow> written;
  const std::vector<YamlValue> items = value.items();
  if (value.kind() == YamlKind::kSequence && (items.empty() || items.size() > kMostWindows)) {
    value.problem("needs 1 to " + std::to_string(kMostWindows) + " windows, found " + std::to_string(items.size()));
  }
  for (const YamlValue& item : items) {
    if (auto window = read_window(item)) written.push_back(std::move(*window));
  }
  std::stable_sort(written.begin(), written.end(),
                   [](const WrittenWindow& a, const WrittenWindow& b) { return a.spec.size < b.spec.size; });
  std::vector<WindowSpec> windows;
  const WrittenWindow* smaller = nullptr;
  for (const WrittenWindow& window : written) {
    windows.push_back(window.spec);
    if (!is_right(window)) continue;
    if (smaller != nullptr) check_neighbours(*smaller, window);
    smaller = &window;
  }
  return windows;
}

}  // namespace touchstone
