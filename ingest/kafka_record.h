// A record of a log over the bytes of a librdkafka message.
#pragma once

#include "engine/flow/ports.h"
#include "ingest/kafka_handles.h"

namespace touchstone {

/// Borrows from the message, which must live as long as the record is looked at.
[[nodiscard]] Record view_of(const rd_kafka_message_t& message);

}  // namespace touchstone
