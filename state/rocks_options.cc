#include "state/rocks_options.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <rocksdb/advanced_options.h>
#include <rocksdb/cache.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/convenience.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

namespace touchstone {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

rocksdb::BlockBasedTableOptions table_options(const RocksMemory& memory) {
  rocksdb::BlockBasedTableOptions options;
  options.block_cache = memory.cache;
  options.cache_index_and_filter_blocks = true;  // so that the cache bounds them too
  options.pin_l0_filter_and_index_blocks_in_cache = false;
  options.filter_policy = nullptr;  // filters serve look-ups of single keys; there are none
  options.block_size = 16 * 1024;
  options.checksum = rocksdb::kXXH3;
  options.format_version = 5;
  return options;
}

rocksdb::CompressionType supported(rocksdb::CompressionType wanted) {
  const auto all = rocksdb::GetSupportedCompressions();
  return std::find(all.begin(), all.end(), wanted) != all.end() ? wanted : rocksdb::kNoCompression;
}

rocksdb::DBOptions database_options(const RocksMemory& memory) {
  rocksdb::DBOptions options;
  options.write_buffer_manager = memory.write_buffers;
  options.create_if_missing = true;
  options.error_if_exists = false;
  options.paranoid_checks = true;
  // A damaged end of the log is cut off; every batch carries its offsets, so the changelog fills the gap.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.manual_wal_flush = false;
  options.wal_compression = rocksdb::kNoCompression;
  options.recycle_log_file_num = 0;
  options.max_total_wal_size = 64 * kMiB;
  options.use_fsync = false;
  options.bytes_per_sync = kMiB;
  options.wal_bytes_per_sync = kMiB;
  options.atomic_flush = false;
  options.unordered_write = false;
  options.two_write_queues = false;
  options.enable_pipelined_write = false;
  options.allow_concurrent_memtable_write = true;
  options.allow_mmap_reads = false;
  options.allow_mmap_writes = false;
  options.use_direct_reads = false;
  options.use_direct_io_for_flush_and_compaction = false;
  options.allow_ingest_behind = false;
  options.best_efforts_recovery = false;
  options.avoid_flush_during_recovery = false;
  options.avoid_flush_during_shutdown = true;  // the log has it, and a stop has a deadline
  options.max_background_jobs = 2;
  options.max_subcompactions = 1;
  options.compaction_readahead_size = 2 * kMiB;
  options.max_open_files = 256;
  options.max_file_opening_threads = 2;
  options.skip_stats_update_on_db_open = true;
  options.is_fd_close_on_exec = true;
  options.allow_data_in_errors = false;  // keys are customers
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.max_log_file_size = kMiB;
  options.keep_log_file_num = 2;
  options.log_file_time_to_roll = 0;
  // The file of files names the first and the last key of each. So that those of customers who are gone go too, it is
  // written anew with each change, which is one a flush or compaction.
  options.max_manifest_file_size = 1;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.dump_malloc_stats = false;
  return options;
}

// Sizes are chosen so that a flush and a compaction together write about 256 MiB at most
// (min_free_bytes).
rocksdb::ColumnFamilyOptions family_options(const RocksMemory& memory) {
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options(memory)));
  options.compression = supported(rocksdb::kLZ4Compression);
  options.bottommost_compression = rocksdb::kDisableCompressionOption;  // the same as above
  options.write_buffer_size = 16 * kMiB;
  options.max_write_buffer_number = 3;
  options.min_write_buffer_number_to_merge = 1;
  options.compaction_style = rocksdb::kCompactionStyleLevel;
  options.compaction_pri = rocksdb::kMinOverlappingRatio;
  options.level_compaction_dynamic_level_bytes = true;
  options.level0_file_num_compaction_trigger = 4;
  options.level0_slowdown_writes_trigger = 8;
  options.level0_stop_writes_trigger = 12;
  options.target_file_size_base = 16 * kMiB;
  options.max_bytes_for_level_base = 64 * kMiB;
  options.max_bytes_for_level_multiplier = 10;
  options.max_compaction_bytes = 128 * kMiB;
  options.disable_auto_compactions = false;
  options.force_consistency_checks = true;
  // Deleted keys are gone from the files too after some weeks at most, whether or not others are written
  // there. Those of customers sooner: purge().
  options.ttl = std::uint64_t{7} * 24 * 60 * 60;
  options.periodic_compaction_seconds = 0;
  options.merge_operator = nullptr;
  return options;
}

}  // namespace

RocksMemory rocks_memory(std::size_t bytes) {
  rocksdb::LRUCacheOptions cache;
  cache.capacity = bytes;
  cache.num_shard_bits = 2;             // of many shards each would be too small for an index
  cache.strict_capacity_limit = false;  // true makes reads fail
  RocksMemory memory;
  memory.cache = rocksdb::NewLRUCache(cache);
  memory.write_buffers = std::make_shared<rocksdb::WriteBufferManager>(bytes / 2, memory.cache);
  return memory;
}

rocksdb::Options tables_options(const RocksTablesOptions& ours) {
  const RocksMemory memory = ours.memory ? *ours.memory : rocks_memory(kRocksBytes);
  rocksdb::Options options(database_options(memory), family_options(memory));
  if (!ours.compress) options.compression = rocksdb::kNoCompression;
  return options;
}

// Small: this is a side business, and rows of one key resemble each other, so that they compress to a tenth.
rocksdb::Options chronicle_options(const RocksMemory& memory, rocksdb::Env* env,
                                   std::shared_ptr<rocksdb::CompactionFilterFactory> filter) {
  rocksdb::Options options(database_options(memory), family_options(memory));
  if (env != nullptr) options.env = env;
  options.max_total_wal_size = 32 * kMiB;
  options.max_open_files = 128;
  // No customer is named in it.
  options.max_manifest_file_size = 16 * kMiB;
  options.write_buffer_size = 8 * kMiB;
  options.max_write_buffer_number = 2;
  options.bottommost_compression = supported(rocksdb::kZSTD);
  // So that what is past its time goes also where nothing is written any more.
  options.periodic_compaction_seconds = std::uint64_t{24} * 60 * 60;
  options.compaction_filter_factory = std::move(filter);
  return options;
}

rocksdb::WriteOptions write_options() {
  rocksdb::WriteOptions options;
  options.disableWAL = false;
  options.sync = false;
  options.no_slowdown = false;
  options.memtable_insert_hint_per_batch = true;  // keys come sorted
  return options;
}

rocksdb::ReadOptions read_options(const rocksdb::Slice& upper_bound) {
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper_bound;
  options.total_order_seek = true;
  options.verify_checksums = true;
  options.fill_cache = false;
  options.readahead_size = kMiB / 2;  // of several scans at once, each of several files
  return options;
}

}  // namespace touchstone
