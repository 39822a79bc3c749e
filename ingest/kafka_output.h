// The transactional producer: records and consumed offsets, all or nothing.
//
//   ready --produce, commit--> open --commit--> ready
//                              open --kAbort--> lost --abort--> ready
//   any   --kFatal-----------> dead              (closed and made anew by the owner)
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/flow/ports.h"
#include "ingest/kafka_client.h"

namespace touchstone {

/// One worker's thread owns it.
class KafkaOutput {
 public:
  /// Takes the transactional id over: an older producer of it is fenced, its open transaction aborted.
  static Result<std::unique_ptr<KafkaOutput>> open(KafkaConnection connection, std::string transactional_id);

  Result<void> produce(const OutRecord& record);
  /// `member` vouches for the offsets; without one a commit with offsets is lost.
  Result<Receipt> commit(const std::vector<ConsumedOffset>& consumed, const rd_kafka_consumer_group_metadata_t* member);
  Result<void> abort();

  /// Serves delivery reports and errors; does not wait.
  void serve();

  /// How often a connection was lost, or a record refused, and a new epoch taken for it.
  [[nodiscard]] std::uint64_t renewals() const { return renewals_; }

 private:
  enum class State : std::uint8_t { kReady, kOpen, kLost, kDead };
  /// The last record written to a partition that the caller chose.
  struct Delivered {
    const rd_kafka_topic_t* topic;
    std::int32_t partition;
    std::int64_t offset;
  };

  KafkaOutput(KafkaConnection connection, std::string transactional_id);
  static void on_delivery(rd_kafka_t* client, const rd_kafka_message_t* message, void* opaque);
  void note_delivery(const rd_kafka_message_t& message);

  Result<void> connect();
  Result<void> begin();
  Result<rd_kafka_topic_t*> topic(const std::string& name);
  Result<void> enqueue(const OutRecord& record, rd_kafka_topic_t* topic);
  Result<void> send_offsets(const std::vector<ConsumedOffset>& consumed,
                            const rd_kafka_consumer_group_metadata_t* member);
  Result<void> end_transaction();
  /// A commit or abort that is still undecided then is left to the broker: the transaction itself has timed out.
  [[nodiscard]] Millis end_patience() const { return connection_.transaction_timeout * 3 / 2; }
  Error lose(const Error& error);
  [[nodiscard]] bool is_missing(const std::string& topic) const;
  Receipt receipt();

  const KafkaConnection connection_;
  const std::string transactional_id_;
  KafkaEvents events_;
  ClientPtr client_;  // before topics_: they belong to it
  std::map<std::string, TopicPtr> topics_;
  State state_ = State::kReady;
  std::uint64_t disconnects_ = 0;   ///< those before this client was made
  bool sequence_in_doubt_ = false;  ///< a record was refused: the broker never saw its number
  std::uint64_t renewals_ = 0;
  bool renewed_ = false;  ///< for this transaction
  std::vector<Delivered> delivered_;
  std::optional<Error> undelivered_;  ///< why the first record of this transaction could not be written
  std::string undelivered_topic_;
  rd_kafka_resp_err_t undelivered_code_ = RD_KAFKA_RESP_ERR_NO_ERROR;
};

}  // namespace touchstone
