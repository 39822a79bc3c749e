// Lines as they stand in files: plain, compressed, through a pipe, damaged.
#include "ingest/line_reader.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

namespace touchstone {
namespace {

/// A directory of its own for each test, gone afterwards.
class LineReaderTest : public ::testing::Test {
 protected:
  LineReaderTest() {
    std::string name = (std::filesystem::temp_directory_path() / "line-reader-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no temporary directory";
    directory_ = name;
  }
  void TearDown() override {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  [[nodiscard]] std::string write(const std::string& name, std::string_view bytes) const {
    const std::filesystem::path path = directory_ / name;
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return path.string();
  }

  std::filesystem::path directory_;
};

std::string gzipped(std::string_view bytes) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

struct Read {
  std::vector<std::string> lines;
  std::optional<Error> error;
};

Read read_all(LineReader& reader) {
  Read read;
  while (true) {
    const auto line = reader.next();
    if (!line) {
      read.error = line.error();
      return read;
    }
    if (!line->has_value()) return read;
    read.lines.emplace_back(**line);
  }
}

Read read_all(const std::string& path) {
  auto reader = LineReader::open(path);
  if (!reader) return Read{.lines = {}, .error = reader.error()};
  return read_all(**reader);
}

using Lines = std::vector<std::string>;

/// Some megabytes of lines of every length, so that blocks end everywhere.
Lines many_lines() {
  Lines lines;
  for (std::size_t i = 0; i < 20'000; ++i) {
    lines.push_back(std::to_string(i) + ":" + std::string(i * 7919 % 331, static_cast<char>('a' + i % 26)));
  }
  return lines;
}

std::string joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST_F(LineReaderTest, EndsLinesAtLineFeedsAndNowhereElse) {
  const auto lines = [&](std::string_view bytes) {
    const Read read = read_all(write("lines", bytes));
    EXPECT_FALSE(read.error.has_value());
    return read.lines;
  };
  EXPECT_EQ(lines(""), Lines{});
  EXPECT_EQ(lines("\n"), Lines{""});
  EXPECT_EQ(lines("a"), Lines{"a"});
  EXPECT_EQ(lines("a\n"), Lines{"a"});
  EXPECT_EQ(lines("a\nb"), (Lines{"a", "b"}));
  EXPECT_EQ(lines("\n\na\n\n"), (Lines{"", "", "a", ""}));
  EXPECT_EQ(lines("a\r\nb\r"), (Lines{"a\r", "b\r"}));
  EXPECT_EQ(lines(std::string_view("a\0b\n\0", 5)), (Lines{std::string("a\0b", 3), std::string(1, '\0')}));
  EXPECT_EQ(lines("\xff\xfe\n"), Lines{"\xff\xfe"});
  EXPECT_EQ(lines("\x1f"), Lines{"\x1f"});
}

TEST_F(LineReaderTest, ReadsTheSameLinesPlainAndCompressed) {
  const Lines expected = many_lines();
  const std::string text = joined(expected);
  const Read plain = read_all(write("plain", text));
  EXPECT_FALSE(plain.error.has_value());
  EXPECT_TRUE(plain.lines == expected);
  const Read compressed = read_all(write("compressed.ndjson", gzipped(text)));
  EXPECT_FALSE(compressed.error.has_value());
  EXPECT_TRUE(compressed.lines == expected);
}

TEST_F(LineReaderTest, ReadsLinesOfAnyLength) {
  const std::string longest(5'000'000, 'x');
  const std::string text = "a\n" + longest + "\n" + longest;
  const Lines expected{"a", longest, longest};
  EXPECT_TRUE(read_all(write("plain", text)).lines == expected);
  EXPECT_TRUE(read_all(write("compressed", gzipped(text))).lines == expected);
}

TEST_F(LineReaderTest, ReadsOneMemberOfGzipAfterTheOther) {
  const std::string padding(1'000'000, '\0');
  const std::string bytes = gzipped("a\nb") + gzipped("") + gzipped("c\n") + padding + gzipped("d") + padding;
  const Read read = read_all(write("members.gz", bytes));
  EXPECT_FALSE(read.error.has_value());
  EXPECT_EQ(read.lines, (Lines{"a", "bc", "d"}));
  EXPECT_EQ(read_all(write("empty.gz", gzipped(""))).lines, Lines{});
}

TEST_F(LineReaderTest, ReportsEveryGzipStreamThatIsCutShort) {
  const std::string bytes = gzipped("a\nb\nc\n") + gzipped("d\n");
  const std::size_t first = gzipped("a\nb\nc\n").size();
  for (std::size_t size = 2; size < bytes.size(); ++size) {
    const Read read = read_all(write("cut.gz", bytes.substr(0, size)));
    EXPECT_EQ(read.error.has_value(), size != first) << size;
  }
}

TEST_F(LineReaderTest, ReportsADamagedGzipStream) {
  const std::string good = gzipped(joined(many_lines()));
  for (const std::size_t at : {std::size_t{2}, good.size() / 2, good.size() - 6, good.size() - 1}) {
    std::string bytes = good;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
    EXPECT_TRUE(read_all(write("damaged.gz", bytes)).error.has_value()) << at;
  }
  EXPECT_TRUE(read_all(write("tail.gz", gzipped("a\n") + "plain text\n")).error.has_value());
}

TEST_F(LineReaderTest, SaysWhichFileAndWhyAndSaysItAgain) {
  const std::string path = write("cut.gz", gzipped("a\nb\n").substr(0, 12));
  auto reader = LineReader::open(path);
  ASSERT_TRUE(reader.has_value());
  for (int i = 0; i < 2; ++i) {
    const Read read = read_all(**reader);
    ASSERT_TRUE(read.error.has_value());
    EXPECT_EQ(read.error->kind(), ErrorKind::kFatal);
    EXPECT_EQ(read.error->message(), path + ": the gzip stream is cut short");
  }
}

TEST_F(LineReaderTest, ReportsWhatCannotBeOpenedOrRead) {
  const std::string missing = (directory_ / "missing").string();
  const Read absent = read_all(missing);
  ASSERT_TRUE(absent.error.has_value());
  EXPECT_EQ(absent.error->kind(), ErrorKind::kFatal);
  EXPECT_EQ(absent.error->message(), missing + ": cannot be opened: No such file or directory");
  const Read directory = read_all(directory_.string());
  ASSERT_TRUE(directory.error.has_value());
  EXPECT_EQ(directory.error->message(), directory_.string() + ": cannot be read: Is a directory");
}

TEST_F(LineReaderTest, KnowsTheNameOfItsFile) {
  const auto opened = LineReader::open(write("events.ndjson.gz", gzipped("a")));
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ((*opened)->base_name(), "events.ndjson.gz");
}

/// Puts a pipe in the place of standard input, and the old one back.
class PipedInput {
 public:
  PipedInput() : saved_(::dup(STDIN_FILENO)) {
    int ends[2] = {-1, -1};
    if (::pipe(ends) != 0) ADD_FAILURE() << "no pipe";
    ::dup2(ends[0], STDIN_FILENO);
    ::close(ends[0]);
    writer_ = ends[1];
  }
  PipedInput(const PipedInput&) = delete;
  PipedInput& operator=(const PipedInput&) = delete;
  ~PipedInput() {
    ::dup2(saved_, STDIN_FILENO);
    ::close(saved_);
  }

  /// Writes `bytes`, the first few one by one, and closes the pipe.
  void write(const std::string& bytes) const {
    std::size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t count = ::write(writer_, bytes.data() + done, done < 8 ? 1 : bytes.size() - done);
      if (count <= 0) break;
      done += static_cast<std::size_t>(count);
    }
    ::close(writer_);
  }

 private:
  int saved_;
  int writer_ = -1;
};

TEST(LineReader, ReadsStandardInputPlainAndCompressed) {
  const Lines expected = many_lines();
  for (const std::string& bytes : {joined(expected), gzipped(joined(expected))}) {
    const PipedInput input;
    const std::jthread writer([&] { input.write(bytes); });
    auto reader = LineReader::open("-");
    ASSERT_TRUE(reader.has_value());
    EXPECT_EQ((*reader)->base_name(), "stdin");
    const Read read = read_all(**reader);
    EXPECT_FALSE(read.error.has_value());
    EXPECT_TRUE(read.lines == expected);
  }
}

TEST_F(LineReaderTest, DeliversTheBeginningOfALineWithoutEndAndEveryLineAfterIt) {
  const std::string longest(kLongestLine, 'x');
  const std::string path = write("long.ndjson", "a\n" + longest + "\n" + longest + "yz\nb\n" + longest + longest);
  const Read read = read_all(path);
  EXPECT_FALSE(read.error);
  EXPECT_EQ(read.lines, (Lines{"a", longest, longest, "b", longest}));
}

}  // namespace
}  // namespace touchstone
