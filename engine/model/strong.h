// Identifiers and positions that must not be mixed up: one wrapper, one tag each, no arithmetic by accident.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace touchstone {

/// A value of T that is only comparable with its own kind. Construction is explicit.
template <typename Tag, typename T>
class Strong {
 public:
  using Value = T;
  constexpr Strong() = default;
  constexpr explicit Strong(T value) : value_(value) {}

  [[nodiscard]] constexpr T value() const { return value_; }
  [[nodiscard]] constexpr Strong next() const { return Strong(static_cast<T>(value_ + 1)); }
  friend constexpr auto operator<=>(const Strong&, const Strong&) = default;

 private:
  T value_{};
};

}  // namespace touchstone

template <typename Tag, typename T>
struct std::hash<touchstone::Strong<Tag, T>> {
  std::size_t operator()(const touchstone::Strong<Tag, T>& strong) const noexcept {
    return std::hash<T>{}(strong.value());
  }
};
