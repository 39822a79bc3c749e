#include "app/memory_plan.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string_view>
#include <system_error>

namespace touchstone {
namespace {

constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;

/// The program and its libraries, and what every process has whatever it does.
constexpr std::uint64_t kProcess = 48 * kMebibyte;
/// Threads, connections, one poll and one batch of a worker, and fetches that are on their way.
constexpr std::uint64_t kWorker = 12 * kMebibyte;
/// Beside what is shared by the databases: scans and compactions.
constexpr std::uint64_t kBesideDatabases = 24 * kMebibyte;
/// The least that is left for state, so that a first start gets anywhere.
constexpr std::uint64_t kLeastState = 32 * kMebibyte;
/// librdkafka counts keys and values. A record that was read costs several hundred bytes more.
constexpr std::uint64_t kConsumedNumerator = 5;
constexpr std::uint64_t kConsumedDenominator = 2;
/// Subscribers of the stream, FeedLimits::subscribers.
constexpr std::uint64_t kSubscribers = 32;

struct ShareBounds {
  std::uint64_t least;
  std::uint64_t most;
};
constexpr ShareBounds kConsumerQueue{4 * kMebibyte, 64 * kMebibyte};
constexpr ShareBounds kFollowerQueue{2 * kMebibyte, 8 * kMebibyte};
/// More than the largest record has: one that does not fit would never be taken.
constexpr ShareBounds kProducerQueue{24 * kMebibyte, 128 * kMebibyte};
static_assert(kProducerQueue.least > kLargestKafkaRecord);
constexpr ShareBounds kDatabases{16 * kMebibyte, 256 * kMebibyte};
/// A metrics page with the most series has 15 MiB.
constexpr ShareBounds kUnread{16 * kMebibyte, 64 * kMebibyte};
constexpr ShareBounds kStream{kMebibyte / 2, 8 * kMebibyte};

std::uint64_t within(const ShareBounds& bounds, std::uint64_t bytes) {
  return std::clamp(bytes, bounds.least, bounds.most);
}

/// The shares of a limit, whether they fit into it or not.
MemoryPlan shares_of(std::uint64_t limit, const MemoryUsers& users) {
  const std::uint64_t workers = std::max<std::uint64_t>(1, users.workers);
  MemoryPlan plan;
  plan.limit = limit;
  // A tenth for what is read ahead, a tenth for what is to be written.
  plan.queues.input = within(kConsumerQueue, limit / 10 * kConsumedDenominator / kConsumedNumerator / workers);
  plan.queues.restore = plan.queues.input;
  plan.queues.output = within(kProducerQueue, limit / 10 / workers);
  plan.queues.follow = within(kFollowerQueue, limit / 256);
  plan.staged = plan.queues.output / 2;
  plan.databases = within(kDatabases, limit / 16);
  plan.unread = within(kUnread, limit / 64);
  plan.stream = within(kStream, limit / 16 / kSubscribers);
  return plan;
}

std::uint64_t cost_of(const MemoryPlan& plan, const MemoryUsers& users) {
  const auto consumed = [](std::uint64_t queue) { return queue * kConsumedNumerator / kConsumedDenominator; };
  const std::uint64_t worker =
      kWorker + consumed(plan.queues.input) + consumed(plan.queues.restore) + plan.queues.output;
  const std::uint64_t rows = users.rows ? consumed(plan.queues.follow) + kSubscribers * plan.stream : 0;
  return kProcess + users.workers * worker + rows + plan.databases + kBesideDatabases + plan.unread;
}

/// The number at the beginning of a file; `max` and what is no number are nothing.
std::optional<std::uint64_t> number_in(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::string word;
  if (!(in >> word)) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return number;
}

/// The lowest limit of a group and of those above it. In a container its path may be one of the machine's, which is not
/// to be seen: what is mounted is then its own group.
std::uint64_t lowest_limit(const std::filesystem::path& mounted, std::string_view group, const char* file) {
  std::uint64_t lowest = std::numeric_limits<std::uint64_t>::max();
  const auto top = mounted.lexically_normal();
  std::filesystem::path at = (mounted / std::filesystem::path(group).relative_path()).lexically_normal();
  for (;;) {
    lowest = std::min(lowest, number_in(at / file).value_or(lowest));
    if (at == top || !at.has_relative_path() || at.string().size() <= top.string().size()) break;
    at = at.parent_path();
  }
  return std::min(lowest, number_in(top / file).value_or(lowest));
}

/// Of version 2, a line `0::PATH`; of version 1, `NUMBER:...memory...:PATH`.
std::uint64_t cgroup_limit(const std::filesystem::path& root) {
  std::uint64_t lowest = std::numeric_limits<std::uint64_t>::max();
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string_view path = std::string_view(line).substr(second + 1);
    if (controllers == ",,") {
      lowest = std::min(lowest, lowest_limit(root / "sys/fs/cgroup", path, "memory.max"));
    } else if (controllers.find(",memory,") != std::string::npos) {
      lowest = std::min(lowest, lowest_limit(root / "sys/fs/cgroup/memory", path, "memory.limit_in_bytes"));
    }
  }
  return lowest;
}

std::optional<std::uint64_t> machine_memory(const std::filesystem::path& root) {
  std::ifstream in(root / "proc/meminfo");
  std::string word;
  std::uint64_t kilobytes = 0;
  while (in >> word) {
    if (word == "MemTotal:" && in >> kilobytes) return kilobytes * 1024;
  }
  return std::nullopt;
}

}  // namespace

std::uint64_t least_memory(const MemoryUsers& users) {
  // The shares grow with the limit, but slower than it does.
  std::uint64_t limit = 0;
  for (;;) {
    const std::uint64_t needed = cost_of(shares_of(limit, users), users) + kLeastState;
    if (needed <= limit) return limit;
    limit = (needed + kMebibyte - 1) / kMebibyte * kMebibyte;
  }
}

std::optional<MemoryPlan> plan_memory(std::uint64_t limit, const MemoryUsers& users) {
  if (limit < least_memory(users)) return std::nullopt;
  MemoryPlan plan = shares_of(limit, users);
  plan.state = limit - cost_of(plan, users);
  return plan;
}

std::optional<MemoryFound> find_memory_limit(const std::string& root) {
  const std::filesystem::path base = root.empty() ? "/" : root;
  const std::optional<std::uint64_t> machine = machine_memory(base);
  const std::uint64_t group = cgroup_limit(base);
  // Version 1 has no word for "none", only a number that no machine reaches.
  if (group < machine.value_or(std::uint64_t{1} << 60)) return MemoryFound{group, true};
  if (!machine) return std::nullopt;
  return MemoryFound{*machine / 4 * 3, false};
}

std::string in_mebibytes(std::uint64_t bytes) { return std::to_string(bytes / kMebibyte) + "MiB"; }

}  // namespace touchstone
