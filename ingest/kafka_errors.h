// The one translation of librdkafka's errors into the four things a caller can do. What each broker error
// surfaces as was found by injecting it; tests/unit/ingest/kafka_errors_test.cc holds the table.
#pragma once

#include <string_view>

#include <librdkafka/rdkafka.h>

#include "engine/model/result.h"

namespace touchstone {

/// What librdkafka says about an error of the transactional producer.
struct KafkaErrorFlags {
  bool fatal = false;
  bool abortable = false;
  bool retriable = false;
};

/// An error of a transactional call. Neither retriable nor abortable nor fatal means fatal.
[[nodiscard]] ErrorKind kind_of_transactional(rd_kafka_resp_err_t code, KafkaErrorFlags flags);

/// An error of any other call, or of a consumer's poll, of which only the code is known.
[[nodiscard]] ErrorKind kind_of(rd_kafka_resp_err_t code);

/// A broker's own word that there is no such topic or partition. librdkafka says something like it too where it could
/// only not ask: that passes.
[[nodiscard]] bool says_missing(rd_kafka_resp_err_t code);
[[nodiscard]] bool could_not_ask(rd_kafka_resp_err_t code);

/// Why, for the metrics.
[[nodiscard]] ErrorCause cause_of(rd_kafka_resp_err_t code);

/// `what` says in a few words what failed, e.g. "commit".
[[nodiscard]] Error error_of(const rd_kafka_error_t* error, std::string_view what);
[[nodiscard]] Error error_of(rd_kafka_resp_err_t code, std::string_view what);

}  // namespace touchstone
