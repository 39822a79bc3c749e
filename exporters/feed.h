// Hands what is new in the chronicle to those who listen now: one bounded queue for each of them, in which a newer
// record of a key takes the place of an older one that was not fetched yet. Who fetches too slowly loses what is in
// between, never the latest; who has more waiting than the limits is told that it is over.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/flow/chronicle.h"

namespace touchstone {

struct FeedLimits {
  std::size_t subscribers = 32;
  std::size_t keys = 20'000;                 ///< waiting for one subscriber
  std::size_t bytes = std::size_t{8} << 20;  ///< likewise
};

/// What a subscriber wants to hear; empty: any.
struct FeedFilter {
  bool rows = true;
  bool alerts = true;
  std::vector<std::string> windows{};  ///< of rows
  std::string scope{};
  std::string id{};
  std::string segment{};
  [[nodiscard]] bool wants(const ChronicleEntry& entry) const;
};

struct FeedItem {
  ChronicleKind kind;
  std::shared_ptr<const std::string> value;  ///< JSON as it came
};

/// Thread-safe.
class Subscription {
 public:
  Subscription(FeedFilter filter, const FeedLimits& limits) : filter_(std::move(filter)), limits_(limits) {}

  /// The next items in the order in which their keys changed first, at most so many bytes but one item at least.
  [[nodiscard]] std::vector<FeedItem> take(std::size_t max_bytes);
  /// Too much was waiting: nothing comes any more.
  [[nodiscard]] bool overrun() const;

 private:
  friend class ChronicleFeed;
  /// `shared` is made by the first who wants the entry.
  void offer(const ChronicleEntry& entry, std::shared_ptr<const std::string>& shared);

  const FeedFilter filter_;
  const FeedLimits limits_;
  mutable std::mutex mutex_;
  std::deque<std::string> order_;  ///< keys, behind their kind
  std::unordered_map<std::string, FeedItem> waiting_;
  std::size_t bytes_ = 0;
  bool overrun_ = false;
};

/// Thread-safe. Subscribers come and go by their handles.
class ChronicleFeed {
 public:
  explicit ChronicleFeed(const FeedLimits& limits = {}) : limits_(limits) {}

  /// Null: there are as many as may be. It ends with the last owner of the handle.
  [[nodiscard]] std::shared_ptr<Subscription> subscribe(FeedFilter filter);
  void publish(std::span<const ChronicleEntry> entries);

  [[nodiscard]] std::size_t subscribers() const;
  [[nodiscard]] std::uint64_t overruns() const { return overruns_; }

 private:
  const FeedLimits limits_;
  mutable std::mutex mutex_;
  std::vector<std::weak_ptr<Subscription>> subscribers_;
  std::atomic<std::uint64_t> overruns_{0};
};

}  // namespace touchstone
