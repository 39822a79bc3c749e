#include "app/trial.h"

#include <memory>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "ingest/map_loader.h"
#include "tests/unit/app/scratch.h"

namespace touchstone {
namespace {

constexpr const char* kBefore = R"(
version: 1
name: a shop
lifecycle: {stages: [first, second]}
touchpoints:
  - {id: page, match: {type: page_view}, moves: [{to: second}]}
  - {id: call, match: {type: call}}
)";
constexpr const char* kAfter = R"(
version: 1
name: a shop
lifecycle: {stages: [first, second]}
touchpoints:
  - {id: start-page, match: {type: page_view, attributes.path: /}}
  - {id: page, match: {type: page_view}, moves: [{to: second}]}
  - {id: order, match: {type: purchase}, conversion: true}
)";
constexpr const char* kEvents =
    R"({"type":"page_view","customer":"a","id":"1","time":"2026-01-01T00:00:00Z","attributes":{"path":"/"}}
{"type":"page_view","customer":"a","id":"2","time":"2026-01-01T00:00:01Z","attributes":{"path":"/hats"}}
{"type":"page_view","customer":"a","id":"2","time":"2026-01-01T00:00:01Z","attributes":{"path":"/hats"}}
{"type":"call","customer":"b","id":"3","time":"2026-01-01T00:00:02Z"}
{"type":"purchase","customer":"b","id":"4","time":"2026-01-01T00:00:03Z"}
{"type":"purchase","customer":"c","id":"5","time":"2026-01-01T00:00:03Z"}
{"forget":"c"}
{
)";

std::shared_ptr<const Rules> rules_of(const std::string& map) {
  return std::make_shared<const Rules>(load_map_text(map, "a map").map.value(), Settings{});
}

std::string tried(std::vector<std::shared_ptr<const Rules>> rules) {
  const Scratch scratch;
  const std::string events = scratch.written("events.ndjson", kEvents);
  std::ostringstream out;
  const Result<void> done = try_maps({events, std::move(rules)}, out);
  EXPECT_TRUE(done) << done.error().message();
  const std::string text = out.str();
  return text.substr(text.find('\n') + 1);
}

TEST(Trial, CountsWhatAMapMakesOfEvents) {
  EXPECT_EQ(tried({rules_of(kBefore)}), R"(
touchpoint      events
page                 2
call                 1
unmapped             2

stage of the event      events
first                        3
second                       2

segment      events
other             5

customers at the end      events
first                          1
second                         1

altogether        events
conversions            0
late events            0
duplicates             1
dead letters           1
)");
}

TEST(Trial, ShowsWhatAnotherMapChanges) {
  EXPECT_EQ(tried({rules_of(kBefore), rules_of(kAfter)}), R"(
touchpoint      before       after
page                 2           1
call                 1           0
unmapped             2           1
start-page           0           1
order                0           2

stage of the event      before       after
first                        3           4
second                       2           1

segment      before       after
other             5           5

customers at the end      before       after
first                          1           1
second                         1           1

altogether        before       after
conversions            0           2
late events            0           0
duplicates             1           1
dead letters           1           1

4 events change their touchpoint
           2  unmapped -> order
           1  call -> unmapped
           1  page -> start-page

1 events change their stage
           1  second -> first
)");
}

TEST(Trial, SaysThatAFileCannotBeRead) {
  std::ostringstream out;
  EXPECT_FALSE(try_maps({"/no/such/file", {rules_of(kBefore)}}, out));
}

}  // namespace
}  // namespace touchstone
