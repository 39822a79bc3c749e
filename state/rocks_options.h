// What RocksDB is told for the tables and for the chronicle. Every option we rely on is set, defaults too: they differ
// between the versions we build with.
#pragma once

#include <memory>

#include <rocksdb/options.h>

#include "state/rocks_memory.h"
#include "state/rocks_tables.h"

namespace touchstone {

[[nodiscard]] rocksdb::Options tables_options(const RocksTablesOptions& ours);
/// `filter` drops what is past its time; `env`: in memory, or null.
[[nodiscard]] rocksdb::Options chronicle_options(const RocksMemory& memory, rocksdb::Env* env,
                                                 std::shared_ptr<rocksdb::CompactionFilterFactory> filter);
[[nodiscard]] rocksdb::WriteOptions write_options();
/// Iterators get their own bound; `upper_bound` must live as long as they do.
[[nodiscard]] rocksdb::ReadOptions read_options(const rocksdb::Slice& upper_bound);

}  // namespace touchstone
