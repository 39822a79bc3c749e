// Follows the topics of rows and alerts into the chronicle, in a thread of its own, and tells the feed what is new. A
// side business: whatever goes wrong here is tried again and told in the log; the engine does not wait for it.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/flow/topic_names.h"
#include "exporters/engine_metrics.h"
#include "exporters/feed.h"
#include "ingest/kafka_follower.h"
#include "state/rocks_chronicle.h"

namespace touchstone {

struct ChroniclerOptions {
  KafkaConnection kafka;
  std::string group = "touchstone";  ///< only for the client's name
  TopicNames topics;
  RocksChronicleOptions chronicle;
  FeedLimits feed{};
};

class Chronicler {
 public:
  explicit Chronicler(ChroniclerOptions options);
  Chronicler(const Chronicler&) = delete;
  Chronicler& operator=(const Chronicler&) = delete;
  /// Stops.
  ~Chronicler();

  void start();
  void stop();

  /// From any thread; null while there is none.
  [[nodiscard]] std::shared_ptr<const Chronicle> chronicle() const;
  [[nodiscard]] ChronicleFeed& feed() { return feed_; }
  /// From any thread.
  [[nodiscard]] ChronicleCounts counts() const {
    return {.taken = taken_, .refused = refused_, .subscribers = feed_.subscribers(), .overruns = feed_.overruns()};
  }

 private:
  void work();
  Result<void> follow();
  Result<void> take(KafkaFollower& follower);
  Result<std::vector<ConsumedOffset>> begin(KafkaFollower& follower, RocksChronicle& chronicle);
  void rest(int failures) const;

  ChroniclerOptions options_;
  ChronicleFeed feed_;
  mutable std::mutex mutex_;
  std::shared_ptr<RocksChronicle> chronicle_;  ///< guarded by mutex_; replaced by the thread only
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::thread thread_;
};

}  // namespace touchstone
