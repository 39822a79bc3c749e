#include "state/rocks_batches.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <system_error>
#include <vector>

#include <rocksdb/metadata.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/write_batch.h>

namespace touchstone {

using namespace std::string_literals;

const std::string kBatchKey = "\0batch"s;

namespace {

/// Finds the number that a batch carries.
class NumberFinder final : public rocksdb::WriteBatch::Handler {
 public:
  rocksdb::Status PutCF(std::uint32_t /*family*/, const rocksdb::Slice& key, const rocksdb::Slice& value) override {
    if (key == rocksdb::Slice(kBatchKey)) number = batch_number(value);
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(std::uint32_t /*family*/, const rocksdb::Slice& /*key*/) override {
    return rocksdb::Status::OK();
  }

  std::uint64_t number = 0;
};

std::map<std::string, std::filesystem::file_time_type> tables_in(const std::string& directory) {
  std::map<std::string, std::filesystem::file_time_type> found;
  std::error_code failure;
  for (std::filesystem::directory_iterator file(directory, failure), end; !failure && file != end;
       file.increment(failure)) {
    if (file->path().extension() != ".sst") continue;
    std::error_code gone;
    const auto written = file->last_write_time(gone);
    if (!gone) found.emplace(file->path().filename().string(), written);
  }
  return found;
}

}  // namespace

std::string batch_number_bytes(std::uint64_t number) {
  std::string bytes;
  for (int shift = std::numeric_limits<std::uint64_t>::digits - 8; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>((number >> shift) & 0xFF));
  }
  return bytes;
}

std::uint64_t batch_number(const rocksdb::Slice& bytes) {
  if (bytes.size() != sizeof(std::uint64_t)) return 0;
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) number = (number << 8) | static_cast<unsigned char>(bytes[i]);
  return number;
}

BatchWatch::BatchWatch(const std::string& directory) : directory_(directory), tables_before_(tables_in(directory)) {}

rocksdb::WalFilter::WalProcessingOption BatchWatch::LogRecordFound(unsigned long long /*log_number*/,
                                                                   const std::string& /*log_file_name*/,
                                                                   const rocksdb::WriteBatch& batch,
                                                                   rocksdb::WriteBatch* /*new_batch*/,
                                                                   bool* /*batch_changed*/) {
  NumberFinder found;
  // A batch that cannot be walked through is RocksDB's to complain about; one without a number says nothing.
  if (!batch.Iterate(&found).ok() || found.number == 0) return WalProcessingOption::kContinueProcessing;
  if (first_ == 0) first_ = found.number;
  // A batch whose writing failed may stand there, and its number again in the next.
  if (last_ != 0 && found.number > last_ + 1) gap_ = true;
  last_ = std::max(last_, found.number);
  return WalProcessingOption::kContinueProcessing;
}

Result<bool> BatchWatch::whole(rocksdb::DB& database, const rocksdb::Options& options) const {
  if (gap_) return false;
  if (first_ == 0) return true;
  std::uint64_t highest = 0;
  std::vector<rocksdb::LiveFileMetaData> live;
  database.GetLiveFilesMetaData(&live);
  const auto now = tables_in(directory_);
  for (const rocksdb::LiveFileMetaData& file : live) {
    // Opening made tables of what was in the logs; they say nothing about what was there before.
    const std::string name = std::filesystem::path(file.name).filename().string();
    const auto before = tables_before_.find(name);
    const auto present = now.find(name);
    if (before == tables_before_.end() || present == now.end() || before->second != present->second) continue;
    if (file.smallestkey != kBatchKey) continue;
    rocksdb::SstFileReader reader(options);
    const rocksdb::Status status = reader.Open(directory_ + "/" + name);
    if (!status.ok()) return Error(ErrorKind::kFatal, status.ToString());
    const std::unique_ptr<rocksdb::Iterator> entries(reader.NewIterator(rocksdb::ReadOptions()));
    entries->SeekToFirst();
    if (!entries->status().ok()) return Error(ErrorKind::kFatal, entries->status().ToString());
    if (entries->Valid() && entries->key() == rocksdb::Slice(kBatchKey)) {
      highest = std::max(highest, batch_number(entries->value()));
    }
  }
  return first_ <= highest + 1;
}

}  // namespace touchstone
