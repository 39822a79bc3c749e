// Owners of librdkafka's objects: each frees its object exactly once, with the function that belongs to it.
#pragma once

#include <memory>

#include <librdkafka/rdkafka.h>

namespace touchstone {

/// Calls one C function to free an object.
template <auto function>
struct FreeWith {
  template <typename T>
  void operator()(T* object) const {
    function(object);
  }
};

/// A client is destroyed without the orderly close of its consumer: whoever wants that has called it before,
/// with a deadline. Without this flag a destructor could wait for a broker for ever.
struct DestroyClient {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE); }
};

using ConfPtr = std::unique_ptr<rd_kafka_conf_t, FreeWith<rd_kafka_conf_destroy>>;
using ClientPtr = std::unique_ptr<rd_kafka_t, DestroyClient>;
using TopicPtr = std::unique_ptr<rd_kafka_topic_t, FreeWith<rd_kafka_topic_destroy>>;
using PartitionListPtr =
    std::unique_ptr<rd_kafka_topic_partition_list_t, FreeWith<rd_kafka_topic_partition_list_destroy>>;
using ErrorPtr = std::unique_ptr<rd_kafka_error_t, FreeWith<rd_kafka_error_destroy>>;
using MessagePtr = std::unique_ptr<rd_kafka_message_t, FreeWith<rd_kafka_message_destroy>>;
using HeadersPtr = std::unique_ptr<rd_kafka_headers_t, FreeWith<rd_kafka_headers_destroy>>;
using GroupMetadataPtr =
    std::unique_ptr<rd_kafka_consumer_group_metadata_t, FreeWith<rd_kafka_consumer_group_metadata_destroy>>;
using MetadataPtr = std::unique_ptr<const rd_kafka_metadata_t, FreeWith<rd_kafka_metadata_destroy>>;
using QueuePtr = std::unique_ptr<rd_kafka_queue_t, FreeWith<rd_kafka_queue_destroy>>;
using EventPtr = std::unique_ptr<rd_kafka_event_t, FreeWith<rd_kafka_event_destroy>>;

}  // namespace touchstone
