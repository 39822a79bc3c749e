#include "bench/generate.h"

#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <unistd.h>

#include "ingest/kafka_output.h"

namespace touchstone::bench {
namespace {

using Steady = std::chrono::steady_clock;

/// Where records go. Both calls: kRetry and worse if they cannot.
struct Sink {
  std::function<Result<void>(StreamRecord record)> write;
  std::function<Result<void>()> flush;
};

Result<Sink> lines(const GenerateOptions& options) {
  const std::shared_ptr<std::FILE> file(options.out == "-" ? stdout : std::fopen(options.out.c_str(), "wb"),
                                        [](std::FILE* each) {
                                          if (each != nullptr && each != stdout) std::fclose(each);
                                        });
  if (!file) return Error(ErrorKind::kReject, "cannot write " + options.out);
  const auto checked = [path = options.out](bool written) -> Result<void> {
    if (!written) return Error(ErrorKind::kReject, "cannot write " + path);
    return {};
  };
  return Sink{[file, checked, keyed = options.keyed](const StreamRecord& record) {
                const std::string line = keyed ? record.customer + "\t" + record.value + "\n" : record.value + "\n";
                return checked(std::fwrite(line.data(), 1, line.size(), file.get()) == line.size());
              },
              [file, checked] { return checked(std::fflush(file.get()) == 0); }};
}

Result<Sink> kafka(const GenerateOptions& options) {
  KafkaConnection connection;
  connection.properties["bootstrap.servers"] = options.brokers;
  auto opened = KafkaOutput::open(connection, fmt::format("touchstone-bench-{}", ::getpid()));
  if (!opened) return opened.error();
  const std::shared_ptr<KafkaOutput> output = std::move(*opened);
  return Sink{[output, topic = options.topic](StreamRecord record) {
                return output->produce({topic, std::nullopt, std::move(record.customer), std::move(record.value), {}});
              },
              [output]() -> Result<void> {
                const auto committed = output->commit({}, nullptr);
                if (!committed) return committed.error();
                return {};
              }};
}

Result<EventTime> beginning(const std::string& text) {
  if (text == "now") return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
  const auto time = parse_rfc3339(text);
  if (!time) return Error(ErrorKind::kReject, "--begin: not an RFC 3339 time: " + text);
  return *time;
}

}  // namespace

Result<void> generate(const GenerateOptions& options, std::ostream& log) {
  constexpr std::chrono::milliseconds kFlush{100};
  const auto begin = beginning(options.begin);
  if (!begin) return begin.error();
  const auto sink = options.out.empty() ? kafka(options) : lines(options);
  if (!sink) return sink.error();
  JourneyStream stream(options.stream, *begin);
  const auto started = Steady::now();
  auto flushed = started;
  for (std::uint64_t i = 0; i < options.records; ++i) {
    if (options.rate > 0) {
      const auto due = started + std::chrono::duration_cast<Steady::duration>(
                                     std::chrono::duration<double>(static_cast<double>(i) / options.rate));
      // What is due before it can be slept for goes out at once.
      if (due > Steady::now() + std::chrono::milliseconds{1}) {
        TOUCHSTONE_TRY(sink->flush());
        flushed = Steady::now();
        std::this_thread::sleep_until(due);
      }
    }
    TOUCHSTONE_TRY(sink->write(stream.next()));
    if (i % 64 == 0 && Steady::now() - flushed >= kFlush) {
      TOUCHSTONE_TRY(sink->flush());
      flushed = Steady::now();
    }
  }
  TOUCHSTONE_TRY(sink->flush());
  const double seconds = std::chrono::duration<double>(Steady::now() - started).count();
  fmt::print(log, "{} records in {:.1f} s, {:.0f} a second\n", options.records, seconds,
             static_cast<double>(options.records) / seconds);
  if (options.truth.empty()) return {};
  std::ofstream truth(options.truth);
  truth << stream.truth().json() << '\n';
  if (!truth.flush()) return Error(ErrorKind::kReject, "cannot write " + options.truth);
  return {};
}

}  // namespace touchstone::bench
