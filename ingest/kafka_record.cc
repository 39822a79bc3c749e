#include "ingest/kafka_record.h"

namespace touchstone {

Record view_of(const rd_kafka_message_t& message) {
  Record record{.topic = rd_kafka_topic_name(message.rkt),
                .partition = Partition(message.partition),
                .offset = Offset(message.offset),
                .timestamp_ms = std::nullopt,
                .key = std::nullopt,
                .value = std::nullopt,
                .headers = {}};
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const std::int64_t timestamp = rd_kafka_message_timestamp(&message, &type);
  if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && timestamp >= 0) record.timestamp_ms = timestamp;
  if (message.key != nullptr) record.key.emplace(static_cast<const char*>(message.key), message.key_len);
  if (message.payload != nullptr) record.value.emplace(static_cast<const char*>(message.payload), message.len);
  rd_kafka_headers_t* headers = nullptr;  // the message keeps them
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == 0; ++i) {
      record.headers.push_back(
          {name, value == nullptr ? std::string_view{} : std::string_view(static_cast<const char*>(value), size)});
    }
  }
  return record;
}

}  // namespace touchstone
