// What every shelf promises, for the one in memory and the one on disk.
#include <deque>
#include <filesystem>
#include <random>

#include <gtest/gtest.h>
#include <unistd.h>

#include "engine/model/shelf.h"
#include "state/file_shelf.h"

namespace touchstone {
namespace {

class ShelfContract : public ::testing::TestWithParam<const char*> {
 protected:
  ShelfContract()
      : directory_(std::filesystem::temp_directory_path() / ("shelf-" + std::to_string(::getpid()))),
        shelf_(std::string_view(GetParam()) == "memory" ? memory_shelf() : (*file_shelves(directory_))()) {}
  void TearDown() override {
    shelf_.reset();
    std::filesystem::remove_all(directory_);
  }

  std::filesystem::path directory_;
  std::unique_ptr<Shelf> shelf_;
};

TEST_P(ShelfContract, GivesBackWhatWasPutAsOftenAsWanted) {
  const Shelf::Place first = shelf_->put("one");
  const Shelf::Place nothing = shelf_->put("");
  const Shelf::Place second = shelf_->put(std::string("t\0o", 3));
  for (int time = 0; time < 2; ++time) {
    EXPECT_EQ(shelf_->get(second), std::string("t\0o", 3));
    EXPECT_EQ(shelf_->get(first), "one");
    EXPECT_EQ(shelf_->get(nothing), "");
  }
}

TEST_P(ShelfContract, HoldsWhatIsLeftWhileOthersComeAndGo) {
  std::mt19937_64 random(11);
  std::deque<std::pair<Shelf::Place, std::string>> held;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 2'000, static_cast<char>('a' + round % 26));
    const Shelf::Place place = shelf_->put(bytes);
    held.emplace_back(place, std::move(bytes));
    while (held.size() > 500) {
      // Nearly in the order of their coming, as panes leave windows.
      const std::size_t which = random() % 3;
      shelf_->drop(held[which].first);
      held.erase(held.begin() + static_cast<std::ptrdiff_t>(which));
    }
    if (round % 500 != 0) continue;
    for (const auto& [at, expected] : held) ASSERT_EQ(shelf_->get(at), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Shelves, ShelfContract, ::testing::Values("memory", "disk"),
                         [](const auto& each) { return std::string(each.param); });

TEST(FileShelf, GivesItsSpaceBackAndLeavesNoNames) {
  const auto directory = std::filesystem::temp_directory_path() / ("shelf-space-" + std::to_string(::getpid()));
  {
    FileShelf shelf(directory.string());
    std::filesystem::create_directories(directory);
    const std::string bytes(100'000, 'x');
    std::deque<Shelf::Place> held;
    for (int i = 0; i < 500; ++i) {
      held.push_back(shelf.put(bytes));
      if (held.size() <= 20) continue;
      shelf.drop(held.front());
      held.pop_front();
    }
    EXPECT_LE(shelf.files(), 2U) << "two megabytes are held, fifty were put";
    EXPECT_TRUE(std::filesystem::is_empty(directory));
    for (const Shelf::Place& place : held) shelf.drop(place);
    EXPECT_EQ(shelf.files(), 0U);
  }
  std::filesystem::remove_all(directory);
}

TEST(FileShelf, KeepsInMemoryWhatTheDiskDoesNotTake) {
  FileShelf shelf("/nowhere/at/all");
  const std::string bytes(3 * FileShelf::kBufferBytes, 'y');
  const Shelf::Place place = shelf.put(bytes);
  const Shelf::Place another = shelf.put("z");
  EXPECT_EQ(shelf.get(place), bytes);
  EXPECT_EQ(shelf.get(another), "z");
  EXPECT_FALSE(file_shelves("/dev/null/here"));
}

}  // namespace
}  // namespace touchstone
