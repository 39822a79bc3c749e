// A record that could not be taken, as it came, with the reason in its headers.
#pragma once

#include <cstddef>
#include <string>

#include "engine/flow/ports.h"
#include "engine/model/event.h"
#include "engine/model/log_position.h"

namespace touchstone {

/// What is kept of a record, so that whatever comes can be written on: together less than the largest record that a log
/// takes (kLargestKafkaRecord in ingest/kafka_options.h). Of longer ones the beginning; longer headers not at all.
inline constexpr std::size_t kLargestKeptValue = std::size_t{8} << 20;
inline constexpr std::size_t kLargestKeptKey = std::size_t{1} << 20;
inline constexpr std::size_t kLargestKeptHeaders = std::size_t{1} << 20;

/// Copies a record's headers, unless they are too large to be kept.
void keep_headers(const Record& record, OutRecord& to);

/// `source`: where the record first stood; behind an intake not where `record` was read.
[[nodiscard]] OutRecord dead_letter(const std::string& topic, const Record& record, const Source& source,
                                    const Rejection& rejection);

}  // namespace touchstone
