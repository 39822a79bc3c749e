// An ordinary consumer of the derived topics, as anybody's: what the demo shows is what it reads there.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ingest/kafka_input.h"

namespace touchstone {

/// One thread owns it.
class TopicReader {
 public:
  /// Reads the topics from their beginnings, as a member of the group.
  static Result<std::unique_ptr<TopicReader>> open(KafkaConnection connection, std::string group,
                                                   std::vector<std::string> topics);

  /// Shows what has come, waiting up to `wait` for something. True if anything came.
  Result<bool> read(Millis wait, const std::function<void(const Record&)>& visit);

  /// Shows everything up to the ends of the topics as they are now; gives up after `patience`.
  Result<void> read_to_ends(Millis patience, const std::function<void(const Record&)>& visit);

  void close();

 private:
  TopicReader(KafkaConnection connection, std::string group, std::vector<std::string> topics);
  Result<void> join();

  KafkaConnection connection_;
  std::string group_;
  std::vector<std::string> topics_;
  std::unique_ptr<KafkaInput> input_;
  std::map<TopicPartition, Offset> next_;  ///< what is read next of each partition
};

}  // namespace touchstone
