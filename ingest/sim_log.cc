#include "ingest/sim_log.h"

#include <algorithm>
#include <queue>
#include <set>
#include <utility>

namespace touchstone {

SimLog::SimLog(SimBroker& broker, SimLogOptions options) : broker_(broker), options_(std::move(options)) {
  const std::lock_guard lock(broker_.mutex_);
  client_ = broker_.next_client_++;
  member_ = options_.transactional_id;
  if (member_.empty()) {
    member_ = "member-" + std::to_string(client_);
  } else {
    broker_.owners_[member_] = client_;
  }
}

Result<void> SimLog::enter(SimCall call) {
  if (dead_) return *dead_;
  if (!options_.transactional_id.empty() && broker_.owners_[member_] != client_) {
    dead_ = Error(ErrorKind::kFatal, "fenced: another client uses the transactional id " + member_);
    return *dead_;
  }
  // A fault that lets the call have its effect is taken by the call itself, after the effect.
  if (call == SimCall::kCommit) return {};
  if (const auto fault = broker_.take_fault(call, options_.transactional_id)) return fail(*fault);
  return {};
}

Result<void> SimLog::fail(const SimFault& fault) {
  Error error(fault.kind, "injected failure");
  if (fault.kind == ErrorKind::kFatal) dead_ = error;
  if (fault.kind == ErrorKind::kAbort) lost_transaction_ = true;
  return error;
}

Result<Polled> SimLog::poll(Millis /*timeout*/, std::size_t max_records) {
  const std::lock_guard lock(broker_.mutex_);
  borrowed_.clear();
  TOUCHSTONE_TRY(enter(SimCall::kPoll));
  Polled polled;
  if (!options_.group.empty()) follow_group(polled);
  if (max_records > 0) {
    TOUCHSTONE_TRY(fetch(max_records, polled));
  } else {
    // Ends are told anew when it is read on.
    for (auto& [partition, position] : positions_) position.reported_end = -1;
  }
  return polled;
}

void SimLog::follow_group(Polled& polled) {
  SimBroker::Group& group = broker_.groups_[options_.group];
  const auto [self, joined] = group.members.try_emplace(member_);
  if (joined) {
    self->second.topics = options_.topics;
    self->second.client = client_;
    broker_.rebalance(group);
  } else if (self->second.client != client_) {
    // The same member after a restart: it takes back its partitions, and nobody else notices.
    self->second.client = client_;
  }
  if (generation_ == group.generation) return;
  // Every change of the members takes all partitions away first, as Kafka's eager protocol does.
  generation_ = group.generation;
  polled.lost = std::exchange(assigned_, self->second.assigned);
  polled.assigned = assigned_;
  positions_.clear();
}

Result<void> SimLog::fetch(std::size_t max_records, Polled& polled) {
  struct Cursor {
    const SimBroker::PartitionLog* log;
    std::size_t index;
    Position* position;
    [[nodiscard]] const SimBroker::StoredPtr& record() const { return log->records[index]; }
  };
  const auto later = [](const Cursor& a, const Cursor& b) { return a.record()->sequence > b.record()->sequence; };
  std::priority_queue<Cursor, std::vector<Cursor>, decltype(later)> cursors(later);
  for (auto& [partition, position] : positions_) {
    const SimBroker::PartitionLog& log = *broker_.find(partition.topic, partition.partition);
    if (position.next < log.begin || position.next > log.end) {
      dead_ = Error(ErrorKind::kFatal, "offset " + std::to_string(position.next) + " of " + partition.topic + " " +
                                           std::to_string(partition.partition.value()) + " is not held");
      return *dead_;
    }
    const Cursor cursor{&log, log.index_of(position.next), &position};
    if (cursor.index < log.records.size()) cursors.push(cursor);
  }
  while (polled.records.size() < max_records && !cursors.empty()) {
    Cursor cursor = cursors.top();
    cursors.pop();
    borrowed_.push_back(cursor.record());
    polled.records.push_back(SimBroker::view_of(*cursor.record()));
    cursor.position->next = cursor.record()->offset.value() + 1;
    if (++cursor.index < cursor.log->records.size()) cursors.push(cursor);
  }
  for (auto& [partition, position] : positions_) {
    const SimBroker::PartitionLog& log = *broker_.find(partition.topic, partition.partition);
    if (position.reported_end == log.end) continue;
    if (log.index_of(position.next) < log.records.size()) continue;
    position.next = log.end;
    position.reported_end = log.end;
    polled.at_end.push_back({partition, Offset(position.next)});
  }
  return {};
}

Result<void> SimLog::start(const TopicPartition& partition, Offset from) {
  const std::lock_guard lock(broker_.mutex_);
  if (dead_) return *dead_;
  if (std::find(assigned_.begin(), assigned_.end(), partition) == assigned_.end()) {
    return Error(ErrorKind::kReject, partition.topic + " " + std::to_string(partition.partition.value()) +
                                         " is not assigned to this member");
  }
  positions_[partition] = Position{.next = from.value(), .reported_end = -1};
  return {};
}

void SimLog::hold() {
  const std::lock_guard lock(broker_.mutex_);
  positions_.clear();
}

Result<std::optional<Offset>> SimLog::committed(const TopicPartition& partition) {
  const std::lock_guard lock(broker_.mutex_);
  TOUCHSTONE_TRY(enter(SimCall::kCommitted));
  const auto& offsets = broker_.groups_[options_.group].committed;
  const auto found = offsets.find(partition);
  return found == offsets.end() ? std::nullopt : std::optional(found->second);
}

Result<Log::Range> SimLog::range(const TopicPartition& partition) {
  const std::lock_guard lock(broker_.mutex_);
  TOUCHSTONE_TRY(enter(SimCall::kRange));
  TOUCHSTONE_TRY(broker_.route(partition.topic, partition.partition, std::nullopt));
  const SimBroker::PartitionLog& log = *broker_.find(partition.topic, partition.partition);
  return Range{.begin = Offset(log.begin), .end = Offset(log.end)};
}

Result<Offset> SimLog::read(const TopicPartition& partition, Offset from,
                            const std::function<void(const Record&)>& visit) {
  std::vector<SimBroker::StoredPtr> records;
  Offset end;
  {
    const std::lock_guard lock(broker_.mutex_);
    TOUCHSTONE_TRY(enter(SimCall::kRead));
    TOUCHSTONE_TRY(broker_.route(partition.topic, partition.partition, std::nullopt));
    const SimBroker::PartitionLog& log = *broker_.find(partition.topic, partition.partition);
    if (from.value() < log.begin || from.value() > log.end) {
      return Error(ErrorKind::kReject, "offset " + std::to_string(from.value()) + " of " + partition.topic + " " +
                                           std::to_string(partition.partition.value()) + " is not held");
    }
    records.assign(log.records.begin() + static_cast<std::ptrdiff_t>(log.index_of(from.value())), log.records.end());
    end = Offset(log.end);
  }
  for (const SimBroker::StoredPtr& stored : records) visit(SimBroker::view_of(*stored));
  return end;
}

Result<std::int32_t> SimLog::partition_count(const std::string& topic) {
  const std::lock_guard lock(broker_.mutex_);
  const auto found = broker_.topics_.find(topic);
  if (found == broker_.topics_.end()) return Error(ErrorKind::kReject, "there is no topic " + topic);
  return static_cast<std::int32_t>(found->second.size());
}

Result<void> SimLog::produce(OutRecord record) {
  const std::lock_guard lock(broker_.mutex_);
  TOUCHSTONE_TRY(enter(SimCall::kProduce));
  if (lost_transaction_) return Error(ErrorKind::kAbort, "the transaction is lost and not yet aborted");
  const auto partition = broker_.route(record.topic, record.partition, record.key);
  if (!partition) return partition.error();
  const bool addressed = record.partition.has_value();
  staged_.push_back(Staged{SimRecord{.topic = std::move(record.topic),
                                     .partition = *partition,
                                     .offset = std::nullopt,
                                     .timestamp_ms = std::nullopt,
                                     .key = std::move(record.key),
                                     .value = std::move(record.value),
                                     .headers = std::move(record.headers)},
                           addressed});
  return {};
}

Receipt SimLog::write_staged() {
  std::map<TopicPartition, Offset> written;
  std::set<std::pair<std::string, Partition>> touched;
  for (auto& [record, addressed] : staged_) {
    const Partition partition = *record.partition;
    if (broker_.options_.markers == SimMarkers::kOccupyOffsets) touched.emplace(record.topic, partition);
    std::optional<TopicPartition> receiver;
    if (addressed) receiver = TopicPartition{record.topic, partition};
    record.timestamp_ms = broker_.now_ms_;
    const Offset offset = broker_.put(std::move(record), partition);
    if (receiver) written.insert_or_assign(std::move(*receiver), offset.next());
  }
  for (const auto& [topic, partition] : touched) ++broker_.find(topic, partition)->end;
  staged_.clear();
  Receipt receipt;
  for (auto& [partition, next] : written) receipt.written.push_back({partition, next});
  return receipt;
}

Result<Receipt> SimLog::commit(std::span<const ConsumedOffset> consumed) {
  const std::lock_guard lock(broker_.mutex_);
  TOUCHSTONE_TRY(enter(SimCall::kCommit));
  if (lost_transaction_) return Error(ErrorKind::kAbort, "the transaction is lost and not yet aborted");
  SimBroker::Group& group = broker_.groups_[options_.group];
  if (broker_.expiring_.erase(member_) > 0 && group.members.erase(member_) > 0) broker_.rebalance(group);
  // As in Kafka, only a transaction with offsets shows that its member is still one.
  if (!consumed.empty() && !options_.topics.empty()) {
    const auto self = group.members.find(member_);
    if (self == group.members.end() || self->second.client != client_ || generation_ != group.generation) {
      lost_transaction_ = true;
      return Error(ErrorKind::kAbort, "the group has given its partitions out anew");
    }
  }
  const auto fault = broker_.take_fault(SimCall::kCommit, options_.transactional_id);
  if (fault && fault->effect == SimFault::Effect::kNothing) return fail(*fault).error();
  Receipt receipt = write_staged();
  for (const ConsumedOffset& offset : consumed) group.committed.insert_or_assign(offset.partition, offset.next);
  if (fault) return fail(*fault).error();
  return receipt;
}

// Aborted records and their marker still take up their offsets.
void SimLog::skip_aborted() {
  std::set<std::pair<std::string, Partition>> touched;
  for (const auto& [record, addressed] : staged_) {
    touched.emplace(record.topic, *record.partition);
    ++broker_.find(record.topic, *record.partition)->end;
  }
  for (const auto& [topic, partition] : touched) ++broker_.find(topic, partition)->end;
}

Result<void> SimLog::abort() {
  const std::lock_guard lock(broker_.mutex_);
  TOUCHSTONE_TRY(enter(SimCall::kAbort));
  if (broker_.options_.markers == SimMarkers::kOccupyOffsets) skip_aborted();
  staged_.clear();
  lost_transaction_ = false;
  return {};
}

std::int64_t SimLog::lag(const TopicPartition& partition) {
  const std::lock_guard lock(broker_.mutex_);
  const auto found = positions_.find(partition);
  if (found == positions_.end()) return 0;
  return broker_.find(partition.topic, partition.partition)->end - found->second.next;
}

void SimLog::close() {
  const std::lock_guard lock(broker_.mutex_);
  borrowed_.clear();
  staged_.clear();
  if (options_.group.empty()) return;
  SimBroker::Group& group = broker_.groups_[options_.group];
  const auto self = group.members.find(member_);
  if (self == group.members.end() || self->second.client != client_) return;
  group.members.erase(self);
  broker_.rebalance(group);
}

}  // namespace touchstone
