#include "state/rocks_chronicle.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>
#include <vector>

#include <rocksdb/compaction_filter.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include "state/rocks_errors.h"
#include "state/rocks_options.h"

namespace touchstone {
namespace {

constexpr std::string_view kChronicleFormatKey = "f";
constexpr std::string_view kChronicleFormat = "touchstone-chronicle 1";
constexpr std::size_t kMebibyte = std::size_t{1} << 20;
/// Steps of the iterator for one page: what bounds the time of a question that matches little.
constexpr std::size_t kStepsOfPage = 50'000;
constexpr std::size_t kPageBytes = 4 * kMebibyte;
constexpr std::size_t kTimeBytes = 8;

using Horizon = RocksChronicle::Horizon;

template <typename Unsigned>
void put_number(Unsigned number, std::string& out) {
  for (int shift = std::numeric_limits<Unsigned>::digits - 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((number >> shift) & 0xFF));
  }
}

std::uint64_t number_at_end(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes.substr(bytes.size() - kTimeBytes))
    number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

std::string beginning(char section, ChronicleKind kind) { return {section, static_cast<char>(kind)}; }

std::string next_key(const TopicPartition& partition) {
  std::string key = "n" + partition.topic;
  key.push_back('\0');
  put_number(static_cast<std::uint32_t>(partition.partition.value()), key);
  return key;
}

std::string past_row_key(std::string_view key, std::int64_t at) {
  std::string bytes = beginning('p', ChronicleKind::kRow);
  bytes.append(key).push_back('\0');
  put_number(static_cast<std::uint64_t>(at), bytes);
  return bytes;
}

std::string past_alert_key(std::string_view key, std::int64_t at) {
  std::string bytes = beginning('p', ChronicleKind::kAlert);
  put_number(static_cast<std::uint64_t>(at), bytes);
  return bytes.append(key);
}

/// The first key that does not begin with `prefix`, whose last byte is below 0xFF.
std::string after_prefix(std::string prefix) {
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

/// Of a key of the past: which kind, and its time; nothing for any other key.
std::optional<std::pair<std::size_t, std::int64_t>> time_of(std::string_view key) {
  if (key.size() < 2 + kTimeBytes || key[0] != 'p') return std::nullopt;
  const bool row = key[1] == static_cast<char>(ChronicleKind::kRow);
  const std::string_view time = row ? key : key.substr(0, 2 + kTimeBytes);
  return std::pair<std::size_t, std::int64_t>{row ? 0 : 1, static_cast<std::int64_t>(number_at_end(time))};
}

/// Leaves out what is past its time when files are written anew.
class PastItsTime : public rocksdb::CompactionFilter {
 public:
  explicit PastItsTime(std::shared_ptr<Horizon> horizon) : horizon_(std::move(horizon)) {}
  bool Filter(int /*level*/, const rocksdb::Slice& key, const rocksdb::Slice& /*value*/, std::string* /*new_value*/,
              bool* /*changed*/) const override {
    const auto time = time_of(key.ToStringView());
    return time && time->second < horizon_->oldest(time->first);
  }
  [[nodiscard]] const char* Name() const override { return "touchstone.PastItsTime"; }

 private:
  std::shared_ptr<Horizon> horizon_;
};

class PastItsTimeFactory : public rocksdb::CompactionFilterFactory {
 public:
  explicit PastItsTimeFactory(std::shared_ptr<Horizon> horizon) : horizon_(std::move(horizon)) {}
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context& /*context*/) override {
    return std::make_unique<PastItsTime>(horizon_);
  }
  [[nodiscard]] const char* Name() const override { return "touchstone.PastItsTimeFactory"; }

 private:
  std::shared_ptr<Horizon> horizon_;
};

/// The beginning that all keys share which a query matches, as far as its first parts are given.
std::string key_beginning(const std::array<std::string, 4>& parts) {
  std::string key;
  for (std::size_t i = 0; i + 1 < parts.size() && !parts[i].empty(); ++i) key += parts[i] + '/';
  return key;
}

bool matches(const ChronicleQuery& query, std::string_view key) {
  const auto parts = parts_of_key(key);
  if (!parts) return false;
  for (std::size_t i = 0; i < parts->size(); ++i) {
    if (!query.parts[i].empty() && query.parts[i] != (*parts)[i]) return false;
  }
  return true;
}

/// Collects one page and says when it is full.
class PageFiller {
 public:
  PageFiller(ChroniclePage& page, std::size_t limit) : page_(page), limit_(limit) {}
  [[nodiscard]] bool full() const {
    return page_.values.size() >= limit_ || steps_ >= kStepsOfPage || bytes_ >= kPageBytes;
  }
  void step() { ++steps_; }
  void put(std::string_view value) {
    bytes_ += value.size();
    page_.values.emplace_back(value);
  }

 private:
  ChroniclePage& page_;
  std::size_t limit_;
  std::size_t steps_ = 0;
  std::size_t bytes_ = 0;
};

/// Sorted keys cost RocksDB a fifth of unsorted ones. Those of one key stay in the order in which they came.
std::vector<const ChronicleEntry*> in_order_of_keys(std::span<const ChronicleEntry> entries) {
  std::vector<const ChronicleEntry*> sorted;
  sorted.reserve(entries.size());
  for (const ChronicleEntry& entry : entries) sorted.push_back(&entry);
  std::stable_sort(sorted.begin(), sorted.end(), [](const ChronicleEntry* left, const ChronicleEntry* right) {
    return std::tie(left->kind, left->key) < std::tie(right->kind, right->key);
  });
  return sorted;
}

rocksdb::ReadOptions bounded(const rocksdb::Slice& end) {
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &end;
  options.total_order_seek = true;
  return options;
}

}  // namespace

RocksChronicle::RocksChronicle(RocksChronicleOptions options, std::shared_ptr<Horizon> horizon,
                               std::unique_ptr<rocksdb::Env> env, std::unique_ptr<rocksdb::DB> database)
    : options_(std::move(options)),
      horizon_(std::move(horizon)),
      env_(std::move(env)),
      database_(std::move(database)) {}

RocksChronicle::~RocksChronicle() = default;

Result<std::unique_ptr<RocksChronicle>> RocksChronicle::open(const RocksChronicleOptions& options) {
  return without_exceptions(options.directory, [&]() -> Result<std::unique_ptr<RocksChronicle>> {
    if (!options.directory.empty()) TOUCHSTONE_TRY(make_state_directory(options.directory));
    auto opened = open_whole(options);
    if (opened || opened.error().kind() != ErrorKind::kReject) return opened;
    if (options.report) options.report(opened.error().message() + ": it is emptied and read anew from the topics");
    TOUCHSTONE_TRY(wipe(options.directory));
    return open_whole(options);
  });
}

Result<std::unique_ptr<RocksChronicle>> RocksChronicle::open_whole(const RocksChronicleOptions& options) {
  const bool in_memory = options.directory.empty();
  if (!in_memory && is_half_deleted(options.directory)) {
    return Error(ErrorKind::kReject, "the chronicle in " + options.directory + " is damaged (CURRENT is gone)");
  }
  std::unique_ptr<rocksdb::Env> env(in_memory ? rocksdb::NewMemEnv(rocksdb::Env::Default()) : nullptr);
  auto horizon = std::make_shared<Horizon>();
  horizon->history = options.history.count();
  const rocksdb::Options all = chronicle_options(options.memory ? *options.memory : rocks_memory(kRocksBytes),
                                                 env.get(), std::make_shared<PastItsTimeFactory>(horizon));
  rocksdb::DB* database = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(all, in_memory ? std::string("/chronicle") : options.directory, &database);
  if (!status.ok()) return error_from(status, options.directory);
  std::unique_ptr<RocksChronicle> chronicle(
      new RocksChronicle(options, horizon, std::move(env), std::unique_ptr<rocksdb::DB>(database)));
  TOUCHSTONE_TRY(chronicle->check_format());
  for (const ChronicleKind kind : {ChronicleKind::kRow, ChronicleKind::kAlert}) {
    std::string newest;
    const rocksdb::Status found = database->Get(rocksdb::ReadOptions(), beginning('t', kind), &newest);
    if (!found.ok() && !found.IsNotFound()) return error_from(found, options.directory);
    if (newest.size() == kTimeBytes) {
      horizon->newest.at(static_cast<std::size_t>(kind) - 1) = static_cast<std::int64_t>(number_at_end(newest));
    }
  }
  return chronicle;
}

Result<void> RocksChronicle::check_format() {
  const rocksdb::Slice key(kChronicleFormatKey.data(), kChronicleFormatKey.size());
  std::string found;
  const rocksdb::Status status = database_->Get(rocksdb::ReadOptions(), key, &found);
  if (status.ok() && found == kChronicleFormat) return {};
  if (!status.ok() && !status.IsNotFound()) return error_from(status, options_.directory);
  const std::unique_ptr<rocksdb::Iterator> any(database_->NewIterator(rocksdb::ReadOptions()));
  any->SeekToFirst();
  if (any->Valid()) {
    return Error(ErrorKind::kReject, "the chronicle in " + options_.directory + " has another format");
  }
  const rocksdb::Status put =
      database_->Put(rocksdb::WriteOptions(), key, rocksdb::Slice(kChronicleFormat.data(), kChronicleFormat.size()));
  return put.ok() ? Result<void>{} : Result<void>(error_from(put, options_.directory));
}

Result<void> RocksChronicle::wipe(const std::string& directory) {
  return without_exceptions(directory, [&]() -> Result<void> {
    const rocksdb::Status status = rocksdb::DestroyDB(directory, rocksdb::Options());
    if (!status.ok()) return error_from(status, directory);
    return make_state_directory(directory);
  });
}

Result<void> RocksChronicle::add(std::span<const ChronicleEntry> entries, std::span<const ConsumedOffset> next) {
  return without_exceptions(options_.directory, [&]() -> Result<void> {
    rocksdb::WriteBatch batch;
    std::array<std::int64_t, 2> newest{horizon_->newest[0], horizon_->newest[1]};
    const std::vector<const ChronicleEntry*> sorted = in_order_of_keys(entries);
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      const ChronicleEntry& entry = *sorted[i];
      // Of the entries of one key only the last is current.
      if (i + 1 < sorted.size() && sorted[i + 1]->kind == entry.kind && sorted[i + 1]->key == entry.key) continue;
      batch.Put(beginning('c', entry.kind).append(entry.key), rocksdb::Slice(entry.value.data(), entry.value.size()));
    }
    for (const ChronicleEntry* each : sorted) {
      const ChronicleEntry& entry = *each;
      const rocksdb::Slice value(entry.value.data(), entry.value.size());
      const std::int64_t at = millis_of(entry.at);
      batch.Put(entry.kind == ChronicleKind::kRow ? past_row_key(entry.key, at) : past_alert_key(entry.key, at), value);
      auto& known = newest.at(static_cast<std::size_t>(entry.kind) - 1);
      known = std::max(known, at);
    }
    for (const ChronicleKind kind : {ChronicleKind::kRow, ChronicleKind::kAlert}) {
      const auto number = static_cast<std::size_t>(kind) - 1;
      if (newest.at(number) == horizon_->newest.at(number)) continue;
      std::string bytes;
      put_number(static_cast<std::uint64_t>(newest.at(number)), bytes);
      batch.Put(beginning('t', kind), bytes);
    }
    for (const ConsumedOffset& each : next) {
      std::string bytes;
      put_number(static_cast<std::uint64_t>(each.next.value()), bytes);
      batch.Put(next_key(each.partition), bytes);
    }
    if (batch.Count() == 0) return {};
    if (!options_.directory.empty()) {
      TOUCHSTONE_TRY(check_free_space(options_.directory, options_.free_bytes(options_.directory),
                                      options_.min_free_bytes / 2, 2 * batch.GetDataSize()));
    }
    rocksdb::WriteOptions writing;
    writing.memtable_insert_hint_per_batch = true;  // keys come sorted
    rocksdb::Status status = database_->Write(writing, &batch);
    if (status.IsNoSpace() && database_->Resume().ok()) status = database_->Write(writing, &batch);
    if (!status.ok()) return error_from(status, options_.directory);
    for (std::size_t number = 0; number < newest.size(); ++number) horizon_->newest.at(number) = newest.at(number);
    return {};
  });
}

Result<std::optional<Offset>> RocksChronicle::next(const TopicPartition& partition) {
  return without_exceptions(options_.directory, [&]() -> Result<std::optional<Offset>> {
    std::string bytes;
    const rocksdb::Status status = database_->Get(rocksdb::ReadOptions(), next_key(partition), &bytes);
    if (status.IsNotFound()) return std::optional<Offset>();
    if (!status.ok()) return error_from(status, options_.directory);
    if (bytes.size() != kTimeBytes) return Error(ErrorKind::kReject, "the chronicle holds an offset that is none");
    return std::optional(Offset(static_cast<std::int64_t>(number_at_end(bytes))));
  });
}

Result<ChroniclePage> RocksChronicle::current(const ChronicleQuery& query) const {
  return without_exceptions(options_.directory, [&]() -> Result<ChroniclePage> {
    const std::string section = beginning('c', query.kind);
    const std::string first = section + key_beginning(query.parts);
    const std::string end = after_prefix(first);
    const rocksdb::Slice bound(end);
    ChroniclePage page;
    PageFiller filler(page, query.limit);
    const std::unique_ptr<rocksdb::Iterator> each(database_->NewIterator(bounded(bound)));
    for (each->Seek(std::max(first, section + query.after)); each->Valid(); each->Next()) {
      const std::string_view key = each->key().ToStringView().substr(section.size());
      if (key == query.after) continue;
      if (filler.full()) {
        each->Prev();
        page.cursor = std::string(each->key().ToStringView().substr(section.size()));
        break;
      }
      filler.step();
      if (matches(query, key)) filler.put(each->value().ToStringView());
    }
    if (!each->status().ok()) return error_from(each->status(), options_.directory);
    return page;
  });
}

Result<ChroniclePage> RocksChronicle::past(const ChronicleQuery& query) const {
  return without_exceptions(options_.directory, [&]() -> Result<ChroniclePage> {
    return query.kind == ChronicleKind::kRow ? past_rows(query) : past_alerts(query);
  });
}

// From cell to cell, and within each only what lies in the time asked for.
Result<ChroniclePage> RocksChronicle::past_rows(const ChronicleQuery& query) const {
  const std::string section = beginning('p', ChronicleKind::kRow);
  const std::string first = section + key_beginning(query.parts);
  const std::string end = after_prefix(first);
  const rocksdb::Slice bound(end);
  const std::int64_t from = std::max(millis_of(query.from), horizon_->oldest(0));
  const std::int64_t to = millis_of(query.to);
  ChroniclePage page;
  PageFiller filler(page, query.limit);
  std::string last = query.after;  // the key seen last, without its section
  const std::unique_ptr<rocksdb::Iterator> each(database_->NewIterator(bounded(bound)));
  each->Seek(std::max(first, section + query.after));
  while (each->Valid()) {
    const std::string_view whole = each->key().ToStringView();
    const std::string_view place = whole.substr(section.size());
    if (place.size() <= kTimeBytes) break;
    if (place == query.after) {
      each->Next();
      continue;
    }
    if (filler.full()) {
      page.cursor = last;
      break;
    }
    filler.step();
    last = place;
    const std::string key(place.substr(0, place.size() - kTimeBytes - 1));
    const auto at = static_cast<std::int64_t>(number_at_end(whole));
    if (!matches(query, key) || at >= to) {
      each->Seek(section + key + '\x01');
    } else if (at < from) {
      each->Seek(past_row_key(key, from));
    } else {
      filler.put(each->value().ToStringView());
      each->Next();
    }
  }
  if (!each->status().ok()) return error_from(each->status(), options_.directory);
  return page;
}

Result<ChroniclePage> RocksChronicle::past_alerts(const ChronicleQuery& query) const {
  const std::string section = beginning('p', ChronicleKind::kAlert);
  const std::string end = past_alert_key({}, millis_of(query.to));
  const rocksdb::Slice bound(end);
  ChroniclePage page;
  PageFiller filler(page, query.limit);
  std::string last = query.after;
  const std::unique_ptr<rocksdb::Iterator> each(database_->NewIterator(bounded(bound)));
  const std::string first = past_alert_key({}, std::max({millis_of(query.from), horizon_->oldest(1), std::int64_t{0}}));
  for (each->Seek(std::max(first, section + query.after)); each->Valid(); each->Next()) {
    const std::string_view place = each->key().ToStringView().substr(section.size());
    if (place == query.after) continue;
    if (filler.full()) {
      page.cursor = last;
      break;
    }
    filler.step();
    last = place;
    if (matches(query, place.substr(kTimeBytes))) filler.put(each->value().ToStringView());
  }
  if (!each->status().ok()) return error_from(each->status(), options_.directory);
  return page;
}

void RocksChronicle::compact() {
  database_->Flush(rocksdb::FlushOptions());
  rocksdb::CompactRangeOptions everything;
  everything.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  database_->CompactRange(everything, nullptr, nullptr);
}

}  // namespace touchstone
