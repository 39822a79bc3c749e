#include "app/topology.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/flow/intake_stage.h"
#include "engine/flow/journey_stage.h"
#include "engine/flow/window_stage.h"
#include "ingest/event_decoder.h"

namespace touchstone {
namespace {

std::int32_t source_partitions(const Topology& topology) {
  return std::accumulate(topology.inputs.begin(), topology.inputs.end(), std::int32_t{0},
                         [](std::int32_t sum, const Topology::Input& input) { return sum + input.partitions; });
}

/// The number of a source partition among those of all input topics, in the order of the configuration.
std::int32_t source_number(const Topology& topology, const TaskId& task) {
  std::int32_t before = 0;
  for (const Topology::Input& input : topology.inputs) {
    if (input.topic == task.topic) return before + task.partition.value();
    before += input.partitions;
  }
  return before;
}

/// The sources in the order in which they are numbered.
std::string sources_text(const Topology& topology) {
  std::string text;
  for (const Topology::Input& input : topology.inputs) {
    text += (text.empty() ? "" : " ") + input.topic + "/" + std::to_string(input.partitions);
  }
  return text;
}

/// The decoders of one worker: one for each limit that rules set, which is nearly always the same. Thread-safe; what it
/// gives is not.
class Decoders {
 public:
  std::shared_ptr<EventDecoder> of(Millis max_future) {
    const std::scoped_lock lock(mutex_);
    std::shared_ptr<EventDecoder>& decoder = by_max_future_[max_future];
    if (!decoder) decoder = std::make_shared<EventDecoder>(max_future);
    return decoder;
  }

 private:
  std::mutex mutex_;
  std::map<Millis, std::shared_ptr<EventDecoder>> by_max_future_;
};

Result<RulesInForce> rules_for(const Topology& topology, std::optional<std::string_view> recorded) {
  if (recorded) return topology.rules->recorded(*recorded);
  return topology.rules->current();
}

std::function<std::shared_ptr<const std::string>()> text_in_force(const Topology& topology) {
  return [rules = topology.rules] { return rules->current().text; };
}

WorkerOptions common_options(const Topology& topology) {
  WorkerOptions options;
  options.task.slices = topology.slices;
  options.commit_interval = topology.commit;
  if (topology.durability == Durability::kKept) options.commit_interval_behind = std::chrono::seconds{1};
  options.idle = topology.rules->current().rules->settings().idle;
  options.detect_silence = topology.detect_silence;
  options.to_end = topology.to_end;
  return options;
}

}  // namespace

std::vector<std::string> Topology::journey_topics() const {
  if (through_intake) return {topics.events};
  std::vector<std::string> names;
  for (const Input& input : inputs) names.push_back(input.topic);
  return names;
}

std::int32_t Topology::journey_partitions() const {
  return through_intake ? event_partitions : source_partitions(*this);
}

WorkerOptions intake_worker(const Topology& topology) {
  WorkerOptions options = common_options(topology);
  options.name = "intake";
  options.partitions = static_cast<std::size_t>(source_partitions(topology));
  options.stage = StageKind::kIntake;
  options.task.slices = 1;
  auto decoder = std::make_shared<EventDecoder>(topology.rules->current().rules->settings().max_future);
  options.factory = [topology, decoder](
                        const TaskId& task, const Slices&,
                        std::optional<std::string_view> /*recorded*/) -> Result<std::unique_ptr<Stage>> {
    return std::unique_ptr<Stage>(
        std::make_unique<IntakeStage>(IntakeOptions{topology.topics, source_number(topology, task),
                                                    source_partitions(topology), topology.event_partitions},
                                      *decoder));
  };
  return options;
}

WorkerOptions journey_worker(const Topology& topology) {
  WorkerOptions options = common_options(topology);
  options.name = "journey";
  options.partitions = static_cast<std::size_t>(topology.journey_partitions());
  options.stage = StageKind::kJourney;
  options.outermost = !topology.through_intake;
  if (topology.durability == Durability::kKept) options.task.changelog = topology.topics.journey_changelog;
  options.rules_text = text_in_force(topology);
  const Pseudonym pseudonym = topology.pseudonym_key ? make_pseudonym(*topology.pseudonym_key) : Pseudonym{};
  options.factory = [topology, decoders = std::make_shared<Decoders>(), pseudonym](
                        const TaskId& task, const Slices& slices,
                        std::optional<std::string_view> recorded) -> Result<std::unique_ptr<Stage>> {
    const auto rules = rules_for(topology, recorded);
    if (!rules) return rules.error();
    JourneyOptions journey;
    journey.rules = *rules;
    journey.topics = topology.topics;
    journey.partition = task.partition;
    journey.partitions = topology.journey_partitions();
    journey.delta_partitions = topology.delta_partitions;
    journey.intake_sources = topology.through_intake ? source_partitions(topology) : 0;
    journey.writes_interactions = topology.writes_interactions;
    journey.pseudonym = pseudonym;
    journey.sources_text = topology.through_intake ? sources_text(topology) : "nothing";
    if (!topology.through_intake) journey.expected_partition = topology.expected_partition;
    auto decoder = decoders->of(journey.rules.rules->settings().max_future);
    return std::unique_ptr<Stage>(std::make_unique<JourneyStage>(std::move(journey), std::move(decoder), slices));
  };
  return options;
}

WorkerOptions windows_worker(const Topology& topology) {
  WorkerOptions options = common_options(topology);
  options.name = "windows";
  options.partitions = static_cast<std::size_t>(topology.delta_partitions);
  options.stage = StageKind::kWindows;
  options.outermost = false;
  // The journey stage tells of silence in its records; the wall clock ends here.
  options.detect_silence = false;
  if (topology.durability == Durability::kKept) options.task.changelog = topology.topics.windows_changelog;
  options.rules_text = text_in_force(topology);
  options.factory = [topology](const TaskId& task, const Slices& slices,
                               std::optional<std::string_view> recorded) -> Result<std::unique_ptr<Stage>> {
    const auto rules = rules_for(topology, recorded);
    if (!rules) return rules.error();
    return std::unique_ptr<Stage>(
        std::make_unique<WindowStage>(WindowOptions{*rules, topology.topics, task.partition, topology.delta_partitions,
                                                    topology.journey_partitions(), topology.make_shelf},
                                      slices));
  };
  return options;
}

}  // namespace touchstone
