#include "ingest/topics.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <utility>

#include "engine/flow/topic_names.h"
#include "ingest/kafka_options.h"

namespace touchstone {
namespace {

// In the order of TopicRole.
constexpr std::array<std::string TopicNames::*, 10> kNames = {
    &TopicNames::interactions,     &TopicNames::transitions, &TopicNames::conversions,
    &TopicNames::windows,          &TopicNames::alerts,      &TopicNames::dead_letters,
    &TopicNames::events,           &TopicNames::deltas,      &TopicNames::journey_changelog,
    &TopicNames::windows_changelog};

// Room for the headers and the framing of a batch around the largest record.
constexpr std::size_t kLargestBatch = kLargestKafkaRecord + (std::size_t{1} << 16);

constexpr std::string_view kMaxBytes = "max.message.bytes";
constexpr std::string_view kCleanupPolicy = "cleanup.policy";

std::int64_t number_of(const std::map<std::string, std::string>& settings, std::string_view name) {
  const auto found = settings.find(std::string(name));
  std::int64_t number = 0;
  if (found == settings.end()) return number;
  const std::string& text = found->second;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

TopicSpec make_spec(const TopicPlan& plan, TopicRole role, std::int32_t partitions, Cleanup cleanup) {
  assert(partitions > 0);
  TopicSpec spec{.role = role,
                 .name = TopicNames(plan.prefix).*kNames[static_cast<std::size_t>(role)],
                 .partitions = partitions,
                 .replication = plan.replication,
                 .cleanup = cleanup,
                 .settings = {}};
  spec.settings.emplace(kCleanupPolicy, name_of(cleanup));
  spec.settings.emplace(kMaxBytes, std::to_string(kLargestBatch));
  // Our records carry the time at which they were written; retention counts from there.
  spec.settings.emplace("message.timestamp.type", "CreateTime");
  if (plan.min_insync) spec.settings.emplace("min.insync.replicas", std::to_string(*plan.min_insync));
  return spec;
}

TopicSpec kept_for(const TopicPlan& plan, TopicRole role, std::int32_t partitions, Millis retention) {
  TopicSpec spec = make_spec(plan, role, partitions, Cleanup::kDelete);
  spec.settings.emplace("retention.ms", std::to_string(retention.count()));
  spec.settings.emplace("retention.bytes", "-1");
  return spec;
}

TopicSpec compacted(const TopicPlan& plan, TopicRole role, std::int32_t partitions) {
  TopicSpec spec = make_spec(plan, role, partitions, Cleanup::kCompact);
  spec.settings.emplace("delete.retention.ms", std::to_string(plan.tombstone_retention.count()));
  // Segments roll often, because only closed ones are compacted: a restore reads what is not.
  spec.settings.emplace("segment.bytes", "67108864");
  spec.settings.emplace("segment.ms", "3600000");
  spec.settings.emplace("min.cleanable.dirty.ratio", "0.3");
  return spec;
}

}  // namespace

std::string_view name_of(Cleanup cleanup) { return cleanup == Cleanup::kCompact ? "compact" : "delete"; }

std::vector<TopicSpec> topics_of(const TopicPlan& plan) {
  using enum TopicRole;
  const std::int32_t journey_partitions = plan.intake ? plan.events_partitions : plan.input_partitions;
  std::vector<TopicSpec> topics;
  for (const TopicRole role : {kInteractions, kTransitions, kConversions}) {
    topics.push_back(kept_for(plan, role, plan.derived_partitions, plan.derived_retention));
  }
  topics.push_back(compacted(plan, kWindows, plan.derived_partitions));
  topics.push_back(kept_for(plan, kAlerts, plan.derived_partitions, plan.derived_retention));
  topics.push_back(kept_for(plan, kDeadLetters, plan.derived_partitions, plan.dead_letter_retention));
  if (plan.intake) topics.push_back(kept_for(plan, kEvents, plan.events_partitions, plan.internal_retention));
  topics.push_back(kept_for(plan, kDeltas, plan.deltas_partitions, plan.internal_retention));
  topics.push_back(compacted(plan, kJourneyChangelog, journey_partitions));
  topics.push_back(compacted(plan, kWindowsChangelog, plan.deltas_partitions));
  return topics;
}

bool is_serious(TopicDifference::Kind kind) { return kind != TopicDifference::Kind::kSetting; }

std::vector<TopicDifference> differences(const std::vector<TopicSpec>& wanted,
                                         const std::vector<ExistingTopic>& existing) {
  using enum TopicDifference::Kind;
  std::vector<TopicDifference> found;
  for (const TopicSpec& spec : wanted) {
    const auto topic = std::find_if(existing.begin(), existing.end(),
                                    [&](const ExistingTopic& candidate) { return candidate.name == spec.name; });
    if (topic == existing.end()) {
      found.push_back({kMissing, spec.name, "does not exist"});
      continue;
    }
    if (topic->partitions != spec.partitions) {
      found.push_back(
          {kPartitions, spec.name,
           "has " + std::to_string(topic->partitions) + " partitions instead of " + std::to_string(spec.partitions)});
    }
    for (const auto& [name, value] : spec.settings) {
      const auto setting = topic->settings.find(name);
      // A broker too old to know the setting, or rights that hide it.
      if (setting == topic->settings.end() || setting->second == value) continue;
      auto kind = kSetting;
      if (name == kCleanupPolicy) kind = kCleanup;
      if (name == kMaxBytes) {
        if (number_of(topic->settings, name) > number_of(spec.settings, name)) continue;
        kind = kTooSmall;
      }
      found.push_back({kind, spec.name, "has " + name + "=" + setting->second + " instead of " + value});
    }
  }
  return found;
}

}  // namespace touchstone
