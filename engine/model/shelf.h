// A place outside memory for bytes that are wanted once more, much later: what a long window holds between the closing
// at which it enters and the one at which it leaves. Not state: what lies here can be made again from the tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace touchstone {

/// Not thread-safe; one owner. Calls do not fail: what cannot be written out stays in memory, and bytes that can no
/// longer be read end the process with a message, as nothing exact could follow.
class Shelf {
 public:
  /// Where bytes lie. Means something only to the shelf that gave it.
  struct Place {
    std::uint64_t at = 0;
    std::uint32_t length = 0;
  };

  Shelf() = default;
  Shelf(const Shelf&) = delete;
  Shelf& operator=(const Shelf&) = delete;
  virtual ~Shelf() = default;

  /// At most 4 GiB. Made for many puts that are dropped in about the same order.
  virtual Place put(std::string_view bytes) = 0;
  [[nodiscard]] virtual std::string get(const Place& place) const = 0;
  /// The place must not be used again.
  virtual void drop(const Place& place) = 0;
};

using MakeShelf = std::function<std::unique_ptr<Shelf>()>;

/// The fake: keeps everything in memory.
class MemoryShelf final : public Shelf {
 public:
  Place put(std::string_view bytes) override {
    const Place place{next_++, static_cast<std::uint32_t>(bytes.size())};
    held_.emplace(place.at, bytes);
    return place;
  }
  [[nodiscard]] std::string get(const Place& place) const override { return held_.at(place.at); }
  void drop(const Place& place) override { held_.erase(place.at); }
  [[nodiscard]] std::size_t size() const { return held_.size(); }

 private:
  std::map<std::uint64_t, std::string> held_;
  std::uint64_t next_ = 0;
};

[[nodiscard]] inline std::unique_ptr<Shelf> memory_shelf() { return std::make_unique<MemoryShelf>(); }

}  // namespace touchstone
