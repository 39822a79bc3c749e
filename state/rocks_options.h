// What RocksDB is told for the tables. Every option we rely on is set, defaults too: they differ between the versions
// we build with.
#pragma once

#include <rocksdb/options.h>

#include "state/rocks_tables.h"

namespace touchstone {

[[nodiscard]] rocksdb::DBOptions database_options();
[[nodiscard]] rocksdb::ColumnFamilyOptions family_options(const RocksTablesOptions& ours);
[[nodiscard]] rocksdb::WriteOptions write_options();
/// Iterators get their own bound; `upper_bound` must live as long as they do.
[[nodiscard]] rocksdb::ReadOptions read_options(const rocksdb::Slice& upper_bound);

}  // namespace touchstone
