package touchstone.peers.streams;

import java.util.Map;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.apache.kafka.streams.state.internals.BlockBasedTableConfigWithAccessibleCache;
import org.rocksdb.Cache;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.WriteBufferManager;

/** Bounds the memory of all stores together, as the guide to memory management of Kafka Streams shows it. */
public final class RocksDbTuning implements RocksDBConfigSetter {
  private static final long MIB = 1 << 20;
  private static final long TOTAL = 512 * MIB; // memtables, blocks, indexes and filters
  private static final long MEMTABLES = 384 * MIB;
  private static final double INDEX_SHARE = 0.1;

  static {
    org.rocksdb.RocksDB.loadLibrary();
  }

  private static final Cache CACHE = new LRUCache(TOTAL, -1, false, INDEX_SHARE);
  private static final WriteBufferManager BUFFERS = new WriteBufferManager(MEMTABLES, CACHE);

  @Override
  public void setConfig(String store, Options options, Map<String, Object> configs) {
    BlockBasedTableConfigWithAccessibleCache table = (BlockBasedTableConfigWithAccessibleCache) options.tableFormatConfig();
    table.setBlockCache(CACHE);
    table.setCacheIndexAndFilterBlocks(true);
    table.setCacheIndexAndFilterBlocksWithHighPriority(true);
    table.setPinTopLevelIndexAndFilter(true);
    table.setBlockSize(16 * 1024);
    options.setTableFormatConfig(table);
    options.setWriteBufferManager(BUFFERS);
    options.setWriteBufferSize(64 * MIB);
    options.setMaxWriteBufferNumber(3);
    // Most customers looked up are new or were dropped from the heap long ago: the filter answers for the former.
    options.setMemtablePrefixBloomSizeRatio(0.02);
    options.setMemtableWholeKeyFiltering(true);
    options.setOptimizeFiltersForHits(false);
    // Each store has one writer and no reader beside it, and the same customers are written again and again.
    options.setAllowConcurrentMemtableWrite(false);
    options.setEnableWriteThreadAdaptiveYield(false);
    options.setInplaceUpdateSupport(true);
  }

  @Override
  public void close(String store, Options options) {
    // The cache and the manager are all stores'.
  }
}
