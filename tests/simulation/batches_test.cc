// However a stream is cut into batches, every derived topic is the same to the byte; however it is split over
// partitions, windows are, and so are credit and stages.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "app/replay.h"
#include "ingest/line_reader.h"
#include "ingest/map_loader.h"

namespace touchstone {
namespace {

namespace fs = std::filesystem;

const fs::path kData = fs::path(TOUCHSTONE_SOURCE_DIR) / "deploy" / "data" / "online-retail";
constexpr std::size_t kEvents = 3'000;

/// The content of each file by its name.
using Topics = std::map<std::string, std::string>;

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> sorted_lines(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  std::sort(lines.begin(), lines.end());
  return lines;
}

class BatchesTest : public ::testing::Test {
 protected:
  BatchesTest() : directory_(fs::temp_directory_path() / ("touchstone-batches-" + std::to_string(::getpid()))) {
    fs::create_directories(directory_);
    auto lines = LineReader::open((kData / "events.ndjson.gz").string());
    std::ofstream events(directory_ / "events.ndjson", std::ios::binary);
    for (std::size_t i = 0; i < kEvents; ++i) events << **(*lines)->next() << '\n';
    Settings settings;
    settings.windows.erase(settings.windows.begin(), settings.windows.begin() + 2);
    // Customers lapse and come back within the part that is read.
    TouchpointMap map = *load_map((kData / "map.yaml").string()).map;
    map.lifecycle.lapse_after = std::chrono::hours{30};
    rules_ = std::make_shared<const Rules>(std::move(map), std::move(settings));
  }
  void TearDown() override { fs::remove_all(directory_); }

  Topics replayed(std::int32_t partitions, std::size_t batch) {
    ReplayOptions options;
    options.rules = rules_;
    options.input = (directory_ / "events.ndjson").string();
    options.out = (directory_ / "out").string();
    options.partitions = partitions;
    options.batch = batch;
    std::ostringstream progress;
    std::ostringstream report;
    const Result<ReplayTotals> totals = replay(options, progress, report);
    EXPECT_TRUE(totals) << totals.error().message();
    Topics topics;
    for (const auto& file : fs::directory_iterator(options.out)) {
      topics.emplace(file.path().filename().string(), content_of(file.path()));
    }
    return topics;
  }

  fs::path directory_;
  std::shared_ptr<const Rules> rules_;
};

TEST_F(BatchesTest, AllTopicsAreTheSameInBatchesOfOneToTenThousand) {
  for (const std::int32_t partitions : {1, 3}) {
    const Topics whole = replayed(partitions, 10'000);
    EXPECT_GT(whole.at("touchstone.windows.ndjson").size(), 1'000'000U);
    EXPECT_NE(whole.at("touchstone.windows.ndjson").find("markov"), std::string::npos);
    EXPECT_NE(whole.at("touchstone.transitions.ndjson").find("lapsed"), std::string::npos);
    for (const std::size_t batch : {1U, 7U, 1'000U}) {
      const Topics cut = replayed(partitions, batch);
      for (const auto& [topic, content] : whole) {
        const bool same =
            partitions == 1 ? cut.at(topic) == content : sorted_lines(cut.at(topic)) == sorted_lines(content);
        EXPECT_TRUE(same) << topic << " in batches of " << batch << " from " << partitions << " partitions";
      }
    }
  }
}

TEST_F(BatchesTest, WindowsCreditAndStagesAreTheSameFromAnyNumberOfPartitions) {
  const Topics whole = replayed(1, 10'000);
  for (const std::int32_t partitions : {2, 3, 8}) {
    const Topics split = replayed(partitions, 500);
    EXPECT_TRUE(split.at("touchstone.windows.ndjson") == whole.at("touchstone.windows.ndjson")) << partitions;
    for (const char* topic : {"touchstone.conversions.ndjson", "touchstone.transitions.ndjson"}) {
      EXPECT_EQ(sorted_lines(split.at(topic)), sorted_lines(whole.at(topic))) << topic << ", " << partitions;
    }
  }
}

}  // namespace
}  // namespace touchstone
