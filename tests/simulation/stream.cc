#include "tests/simulation/stream.h"

#include <string>
#include <utility>

#include "ingest/partitioner.h"
#include "tests/support/maps.h"

namespace touchstone::simulation {

std::int64_t between(Random& random, std::int64_t low, std::int64_t high) {
  return std::uniform_int_distribution<std::int64_t>(low, high)(random);
}

std::vector<SimRecord> any_stream(Random& random, int count, std::int32_t partitions) {
  static const char* const kTypes[] = {"impression",      "page_view", "page_view", "call",
                                       "survey_response", "purchase",  "x"};
  std::vector<SimRecord> stream;
  std::int64_t now = millis_of(testing::at(0));
  for (int i = 0; i < count; ++i) {
    now += between(random, 0, 4'000);
    if (between(random, 0, 60) == 0) now += between(random, 0, 100'000'000);
    const std::string who = "c" + std::to_string(between(random, 0, 12));
    SimRecord record;
    record.topic = "input";
    record.partition = Partition(murmur2_partition(who, partitions));
    record.key = who;
    record.timestamp_ms = now;
    if (between(random, 0, 80) == 0) {
      stream.push_back(std::move(record));  // a null value: forget
      continue;
    }
    const std::int64_t time = now - between(random, 0, 8) * between(random, 0, 3'000);
    std::string json =
        "{\"type\":\"" + std::string(kTypes[between(random, 0, 6)]) + "\",\"time\":" + std::to_string(time);
    if (between(random, 0, 2) != 0) json += ",\"id\":\"i" + std::to_string(between(random, 0, count / 3)) + "\"";
    if (between(random, 0, 3) == 0) json += ",\"value\":" + std::to_string(between(random, -50, 500)) + ".25";
    if (between(random, 0, 3) == 0) json += ",\"feedback\":{\"csat\":" + std::to_string(between(random, 1, 5)) + "}";
    if (between(random, 0, 9) == 0) json += ",\"attributes\":{\"tier\":\"gold\"}";
    json += between(random, 0, 40) == 0 ? "" : "}";
    record.value = std::move(json);
    stream.push_back(std::move(record));
  }
  return stream;
}

std::vector<SimRecord> stream_with_drop(Random& random, int count, std::int32_t partitions) {
  std::vector<SimRecord> stream;
  std::int64_t now = millis_of(testing::at(0));
  for (int i = 0; i < count; ++i) {
    now += between(random, 0, 20'000);
    const bool bad = i > count / 2 && i < count * 3 / 4;
    const std::string who = "c" + std::to_string(between(random, 0, 40));
    SimRecord record;
    record.topic = "input";
    record.partition = Partition(murmur2_partition(who, partitions));
    record.key = who;
    record.timestamp_ms = now;
    const std::int64_t stars = bad ? between(random, 1, 2) : between(random, 4, 5);
    record.value = "{\"type\":\"page_view\",\"time\":" + std::to_string(now - between(random, 0, 9'000)) +
                   ",\"feedback\":{\"stars\":" + std::to_string(stars) + "}" +
                   (between(random, 0, 2) == 0 ? ",\"attributes\":{\"tier\":\"gold\"}}" : "}");
    stream.push_back(std::move(record));
  }
  return stream;
}

}  // namespace touchstone::simulation
