#include "app/topic_reader.h"

#include <algorithm>
#include <utility>

namespace touchstone {
namespace {

constexpr std::size_t kAtOnce = 5'000;
constexpr Millis kStep{20};

}  // namespace

TopicReader::TopicReader(KafkaConnection connection, std::string group, std::vector<std::string> topics)
    : connection_(std::move(connection)), group_(std::move(group)), topics_(std::move(topics)) {}

Result<std::unique_ptr<TopicReader>> TopicReader::open(KafkaConnection connection, std::string group,
                                                       std::vector<std::string> topics) {
  std::unique_ptr<TopicReader> reader(new TopicReader(std::move(connection), std::move(group), std::move(topics)));
  TOUCHSTONE_TRY(reader->join());
  return reader;
}

Result<void> TopicReader::join() {
  auto input = KafkaInput::open(connection_, {.group = group_, .transactional_id = {}, .instance = {}}, topics_);
  if (!input) return input.error();
  input_ = std::move(*input);
  return input_->join();
}

Result<bool> TopicReader::read(Millis wait, const std::function<void(const Record&)>& visit) {
  auto polled = input_->poll(wait, kAtOnce);
  if (!polled) {
    // Most likely the broker dropped records before they were read here; go on from what it still has.
    close();
    TOUCHSTONE_TRY(join());
    return false;
  }
  for (const TopicPartition& partition : polled->lost) next_.erase(partition);
  for (const TopicPartition& partition : polled->assigned) {
    const auto range = input_->range(partition);
    if (!range) return range.error();
    TOUCHSTONE_TRY(input_->start(partition, range->begin));
    next_.insert_or_assign(partition, range->begin);
  }
  for (const Record& record : polled->records) {
    visit(record);
    next_.insert_or_assign({std::string(record.topic), record.partition}, record.offset.next());
  }
  return !polled->records.empty();
}

Result<void> TopicReader::read_to_ends(Millis patience, const std::function<void(const Record&)>& visit) {
  const Deadline deadline(patience);
  std::map<TopicPartition, Offset> ends;
  for (const auto& [partition, next] : next_) {
    const auto range = input_->range(partition);
    if (!range) return range.error();
    ends.emplace(partition, range->end);
  }
  // A mock broker writes no control records, so every offset below the end is that of a record.
  const auto reached = [&](const auto& end) {
    const auto next = next_.find(end.first);
    return next == next_.end() || next->second >= end.second;
  };
  while (!std::all_of(ends.begin(), ends.end(), reached) && !deadline.passed()) {
    const auto came = read(kStep, visit);
    if (!came) return came.error();
  }
  return {};
}

void TopicReader::close() {
  if (input_) input_->close(KafkaInput::Place::kGivenUp);
  input_.reset();
  next_.clear();
}

}  // namespace touchstone
