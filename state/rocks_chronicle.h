// The chronicle on disk: one RocksDB database in a directory of its own, or in memory for who has none.
//
// What is kept here is a copy of topics. A database that is damaged, or of another format, is emptied and read anew.
//
//   database = format, *next, *newest, *current, *past
//   format   = "f"                                   -> "touchstone-chronicle 1"
//   next     = "n" topic 0x00 partition:u32          -> offset:u64          in the batch of what was read before it
//   newest   = "t" kind:u8                           -> ms:u64              since 1970, of the newest entry
//   current  = "c" kind:u8 key                       -> value               the last entry of the key
//   past     = "p" 0x01 key 0x00 ms:u64              -> value               a row by its closing
//            / "p" 0x02 ms:u64 key                   -> value               an alert by its time
//
// All numbers are big-endian. What is older than the newest of its kind by more than the history is not shown, and goes
// with the next compaction of its file.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/flow/chronicle.h"
#include "state/rocks_directory.h"
#include "state/rocks_memory.h"

namespace rocksdb {
class DB;
class Env;
}  // namespace rocksdb

namespace touchstone {

struct RocksChronicleOptions {
  std::string directory;  ///< empty: in memory
  Millis history = std::chrono::days{7};
  std::uint64_t min_free_bytes = std::uint64_t{512}
                                 << 20;  ///< on its volume; with less than half of it nothing is written
  /// Shared with the other databases of the process; nothing: kRocksBytes of its own.
  std::optional<RocksMemory> memory{};
  /// Told of what was done about damage, one sentence each.
  std::function<void(const std::string&)> report{};
  std::function<std::uint64_t(const std::string& directory)> free_bytes = free_bytes_at;  ///< other ones only in tests
};

class RocksChronicle : public Chronicle {
 public:
  /// Makes the directory if need be. kRetry: another process holds it. kFatal: not accessible.
  static Result<std::unique_ptr<RocksChronicle>> open(const RocksChronicleOptions& options);
  /// Removes what nobody has open.
  static Result<void> wipe(const std::string& directory);
  ~RocksChronicle() override;

  Result<void> add(std::span<const ChronicleEntry> entries, std::span<const ConsumedOffset> next) override;
  Result<std::optional<Offset>> next(const TopicPartition& partition) override;
  [[nodiscard]] Result<ChroniclePage> current(const ChronicleQuery& query) const override;
  [[nodiscard]] Result<ChroniclePage> past(const ChronicleQuery& query) const override;

  /// Rewrites everything, without what is past its time; for tests.
  void compact();

  /// Newest times by kind, in ms; shared with the filter that drops what is past its time.
  struct Horizon {
    std::array<std::atomic<std::int64_t>, 2> newest{};
    std::int64_t history = 0;
    [[nodiscard]] std::int64_t oldest(std::size_t kind) const { return newest.at(kind) - history; }
  };

 private:
  RocksChronicle(RocksChronicleOptions options, std::shared_ptr<Horizon> horizon, std::unique_ptr<rocksdb::Env> env,
                 std::unique_ptr<rocksdb::DB> database);
  static Result<std::unique_ptr<RocksChronicle>> open_whole(const RocksChronicleOptions& options);
  Result<void> check_format();
  [[nodiscard]] Result<ChroniclePage> past_rows(const ChronicleQuery& query) const;
  [[nodiscard]] Result<ChroniclePage> past_alerts(const ChronicleQuery& query) const;

  const RocksChronicleOptions options_;
  const std::shared_ptr<Horizon> horizon_;
  const std::unique_ptr<rocksdb::Env> env_;  ///< where it is in memory
  const std::unique_ptr<rocksdb::DB> database_;
};

}  // namespace touchstone
