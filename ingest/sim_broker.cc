#include "ingest/sim_broker.h"

#include <algorithm>
#include <cassert>
#include <iterator>

#include "ingest/partitioner.h"

namespace touchstone {

std::size_t SimBroker::PartitionLog::index_of(std::int64_t offset) const {
  const auto at = std::lower_bound(records.begin(), records.end(), offset,
                                   [](const StoredPtr& stored, std::int64_t o) { return stored->offset.value() < o; });
  return static_cast<std::size_t>(at - records.begin());
}

void SimBroker::create_topic(const std::string& name, std::int32_t partitions) {
  assert(partitions > 0);
  const std::lock_guard lock(mutex_);
  topics_.try_emplace(name, static_cast<std::size_t>(partitions));
}

Result<Offset> SimBroker::append(SimRecord record) {
  const std::lock_guard lock(mutex_);
  const auto partition = route(record.topic, record.partition, record.key);
  if (!partition) return partition.error();
  const PartitionLog& log = *find(record.topic, *partition);
  if (record.offset && record.offset->value() < log.end) {
    return Error(ErrorKind::kReject,
                 "offset " + std::to_string(record.offset->value()) + " of " + record.topic + " is already passed");
  }
  return put(std::move(record), *partition);
}

void SimBroker::set_now(std::optional<std::int64_t> timestamp_ms) {
  const std::lock_guard lock(mutex_);
  now_ms_ = timestamp_ms;
}

std::optional<Offset> SimBroker::committed(const std::string& group, const TopicPartition& partition) const {
  const std::lock_guard lock(mutex_);
  const auto found = groups_.find(group);
  if (found == groups_.end()) return std::nullopt;
  const auto offset = found->second.committed.find(partition);
  if (offset == found->second.committed.end()) return std::nullopt;
  return offset->second;
}

void SimBroker::trim(const TopicPartition& partition, Offset before) {
  const std::lock_guard lock(mutex_);
  PartitionLog* log = find(partition.topic, partition.partition);
  if (log == nullptr) return;
  while (!log->records.empty() && log->records.front()->offset < before) log->records.pop_front();
  log->begin = std::max(log->begin, std::min(before.value(), log->end));
}

void SimBroker::drain(const std::string& topic, const std::function<void(const Record&)>& visit) {
  std::vector<StoredPtr> all;
  {
    const std::lock_guard lock(mutex_);
    const auto found = topics_.find(topic);
    if (found == topics_.end()) return;
    for (PartitionLog& log : found->second) {
      std::move(log.records.begin(), log.records.end(), std::back_inserter(all));
      log.records.clear();
      log.begin = log.end;
    }
  }
  std::sort(all.begin(), all.end(), [](const StoredPtr& a, const StoredPtr& b) { return a->sequence < b->sequence; });
  for (StoredPtr& stored : all) {
    visit(view_of(*stored));
    stored.reset();
  }
}

void SimBroker::inject(SimFault fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
}

void SimBroker::expire_member(const std::string& group, const std::string& transactional_id) {
  const std::lock_guard lock(mutex_);
  Group& found = groups_[group];
  if (found.members.erase(transactional_id) > 0) rebalance(found);
}

void SimBroker::expire_member_at_commit(const std::string& transactional_id) {
  const std::lock_guard lock(mutex_);
  expiring_.insert(transactional_id);
}

Record SimBroker::view_of(const Stored& stored) {
  Record record{.topic = stored.topic,
                .partition = stored.partition,
                .offset = stored.offset,
                .timestamp_ms = stored.timestamp_ms,
                .key = stored.key,
                .value = stored.value,
                .headers = {}};
  record.headers.reserve(stored.headers.size());
  for (const auto& [name, value] : stored.headers) record.headers.push_back({name, value});
  return record;
}

SimBroker::PartitionLog* SimBroker::find(std::string_view topic, Partition partition) {
  const auto found = topics_.find(topic);
  if (found == topics_.end() || partition.value() < 0) return nullptr;
  const auto index = static_cast<std::size_t>(partition.value());
  return index < found->second.size() ? &found->second[index] : nullptr;
}

Result<Partition> SimBroker::route(const std::string& topic, std::optional<Partition> partition,
                                   const std::optional<std::string>& key) {
  const auto found = topics_.find(topic);
  if (found == topics_.end()) return Error(ErrorKind::kReject, "there is no topic " + topic);
  const auto count = static_cast<std::int32_t>(found->second.size());
  if (!partition) return Partition(key ? murmur2_partition(*key, count) : 0);
  if (partition->value() < 0 || partition->value() >= count) {
    return Error(ErrorKind::kReject, topic + " has no partition " + std::to_string(partition->value()));
  }
  return *partition;
}

Offset SimBroker::put(SimRecord record, Partition partition) {
  const auto topic = topics_.find(record.topic);
  PartitionLog& log = topic->second[static_cast<std::size_t>(partition.value())];
  const Offset offset = record.offset.value_or(Offset(log.end));
  log.records.push_back(std::make_shared<const Stored>(Stored{.sequence = next_sequence_++,
                                                              .topic = topic->first,
                                                              .partition = partition,
                                                              .offset = offset,
                                                              .timestamp_ms = record.timestamp_ms,
                                                              .key = std::move(record.key),
                                                              .value = std::move(record.value),
                                                              .headers = std::move(record.headers)}));
  log.end = offset.value() + 1;
  return offset;
}

// Kafka's range strategy: of each topic, neighbouring partitions go to the members in the order of their
// names.
void SimBroker::rebalance(Group& group) {
  ++group.generation;
  std::set<std::string> wanted;
  for (auto& [name, member] : group.members) {
    member.assigned.clear();
    wanted.insert(member.topics.begin(), member.topics.end());
  }
  for (const std::string& topic : wanted) {
    const auto found = topics_.find(topic);
    if (found == topics_.end()) continue;
    std::vector<Member*> takers;
    for (auto& [name, member] : group.members) {
      if (std::find(member.topics.begin(), member.topics.end(), topic) != member.topics.end()) {
        takers.push_back(&member);
      }
    }
    const std::size_t share = found->second.size() / takers.size();
    const std::size_t larger = found->second.size() % takers.size();
    std::int32_t next = 0;
    for (std::size_t i = 0; i < takers.size(); ++i) {
      for (std::size_t n = share + (i < larger ? 1 : 0); n > 0; --n) {
        takers[i]->assigned.push_back({topic, Partition(next++)});
      }
    }
  }
}

std::optional<SimFault> SimBroker::take_fault(SimCall call, const std::string& transactional_id) {
  for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
    if (fault->call != call) continue;
    if (!fault->transactional_id.empty() && fault->transactional_id != transactional_id) continue;
    if (fault->skip > 0) {
      --fault->skip;
      return std::nullopt;
    }
    SimFault taken = *fault;
    faults_.erase(fault);
    return taken;
  }
  return std::nullopt;
}

}  // namespace touchstone
