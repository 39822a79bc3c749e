// Whether a database that was opened holds everything up to some batch, or misses one in between. RocksDB does not
// say so: a turned bit in the length of a record of its MANIFEST ends that file there without an error, and a log that
// is gone is not missed. What was written later would then pass for a whole state. So each batch carries its number,
// one more than that of the batch before, in one key:
//
//   kBatchKey -> number:u64 (big-endian)
//
// A database is whole if the numbers in its write-ahead logs follow each other, and the first of them follows the
// highest one in the tables that were there before. For RocksTables only; one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/wal_filter.h>

#include "engine/model/result.h"

namespace touchstone {

/// The smallest of all keys, so that the first key of a table says whether it is there.
extern const std::string kBatchKey;

[[nodiscard]] std::string batch_number_bytes(std::uint64_t number);
/// 0 for bytes that are none.
[[nodiscard]] std::uint64_t batch_number(const rocksdb::Slice& bytes);

/// Sees each batch of the logs while RocksDB opens; must live as long as the database.
class BatchWatch final : public rocksdb::WalFilter {
 public:
  /// Notes which tables there are. Before the database is opened.
  explicit BatchWatch(const std::string& directory);

  WalProcessingOption LogRecordFound(unsigned long long log_number, const std::string& log_file_name,
                                     const rocksdb::WriteBatch& batch, rocksdb::WriteBatch* new_batch,
                                     bool* batch_changed) override;
  [[nodiscard]] const char* Name() const override { return "touchstone-batches"; }

  /// After it was opened. True if no batch is missing; kFatal if a table cannot be read.
  [[nodiscard]] Result<bool> whole(rocksdb::DB& database, const rocksdb::Options& options) const;

 private:
  std::string directory_;
  std::map<std::string, std::filesystem::file_time_type> tables_before_;
  std::uint64_t first_ = 0;  // in the logs; 0: none
  std::uint64_t last_ = 0;
  bool gap_ = false;
};

}  // namespace touchstone
