#include "ingest/kafka_admin.h"

#include <algorithm>
#include <array>
#include <utility>

#include "ingest/kafka_errors.h"
#include "ingest/range_assignment.h"

namespace touchstone {
namespace {

using OptionsPtr = std::unique_ptr<rd_kafka_AdminOptions_t, FreeWith<rd_kafka_AdminOptions_destroy>>;
using NewTopicPtr = std::unique_ptr<rd_kafka_NewTopic_t, FreeWith<rd_kafka_NewTopic_destroy>>;
using ResourcePtr = std::unique_ptr<rd_kafka_ConfigResource_t, FreeWith<rd_kafka_ConfigResource_destroy>>;
using GroupListPtr = std::unique_ptr<const rd_kafka_group_list, FreeWith<rd_kafka_group_list_destroy>>;

// The wish for the broker's own replication factor, which librdkafka spells as -1.
Result<NewTopicPtr> new_topic_of(const TopicSpec& spec) {
  std::array<char, 256> reason{};
  NewTopicPtr topic(
      rd_kafka_NewTopic_new(spec.name.c_str(), spec.partitions, spec.replication, reason.data(), reason.size()));
  if (!topic) return Error(ErrorKind::kReject, "topic " + spec.name + ": " + reason.data());
  for (const auto& [name, value] : spec.settings) {
    rd_kafka_NewTopic_set_config(topic.get(), name.c_str(), value.c_str());
  }
  return topic;
}

}  // namespace

KafkaAdmin::KafkaAdmin(KafkaConnection connection)
    : connection_(std::move(connection)), events_(connection_.logger, this) {}

Result<std::unique_ptr<KafkaAdmin>> KafkaAdmin::open(KafkaConnection connection) {
  std::unique_ptr<KafkaAdmin> admin(new KafkaAdmin(std::move(connection)));
  auto conf = make_conf(KafkaRole::kAdmin, {}, admin->connection_.properties);
  if (!conf) return conf.error();
  auto client = make_client(RD_KAFKA_PRODUCER, std::move(*conf), admin->events_);
  if (!client) return client.error();
  admin->client_ = std::move(*client);
  return admin;
}

Result<EventPtr> KafkaAdmin::wait_for(rd_kafka_queue_t& queue, std::string_view what) {
  const Deadline deadline(connection_.patience + Millis{1'000});
  while (!deadline.passed()) {
    EventPtr event(rd_kafka_queue_poll(&queue, 100));
    rd_kafka_poll(client_.get(), 0);
    if (!event) continue;
    if (const rd_kafka_resp_err_t code = rd_kafka_event_error(event.get()); code != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return unreachable(error_of(code, what), connection_, events_);
    }
    return event;
  }
  return unreachable(Error(ErrorKind::kRetry, std::string(what) + ": no answer"), connection_, events_);
}

Result<std::vector<ExistingTopic>> KafkaAdmin::describe(const std::vector<std::string>& names) {
  // All topics are asked for: asking a broker for one by name may create it there.
  const rd_kafka_metadata_t* answer = nullptr;
  const Deadline deadline(connection_.patience);
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
  do {
    code = rd_kafka_metadata(client_.get(), 1, nullptr, &answer, std::max(1, deadline.left_ms(Millis{5'000})));
    rd_kafka_poll(client_.get(), 0);
  } while (code != RD_KAFKA_RESP_ERR_NO_ERROR && kind_of(code) == ErrorKind::kRetry && !deadline.passed() &&
           !events_.denied());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return unreachable(error_of(code, "asking for topics"), connection_, events_);
  }
  const MetadataPtr metadata(answer);
  std::vector<ExistingTopic> topics;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
    if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    if (std::find(names.begin(), names.end(), topic.topic) == names.end()) continue;
    topics.push_back({.name = topic.topic, .partitions = topic.partition_cnt, .settings = {}});
  }
  TOUCHSTONE_TRY(add_settings(topics));
  return topics;
}

Result<void> KafkaAdmin::add_settings(std::vector<ExistingTopic>& topics) {
  if (topics.empty()) return {};
  std::vector<ResourcePtr> owners;
  std::vector<rd_kafka_ConfigResource_t*> resources;
  for (const ExistingTopic& topic : topics) {
    owners.emplace_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.name.c_str()));
    resources.push_back(owners.back().get());
  }
  const OptionsPtr options(rd_kafka_AdminOptions_new(client_.get(), RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS));
  rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(connection_.patience.count()), nullptr, 0);
  const QueuePtr queue(rd_kafka_queue_new(client_.get()));
  rd_kafka_DescribeConfigs(client_.get(), resources.data(), resources.size(), options.get(), queue.get());
  const auto event = wait_for(*queue, "asking for the settings of topics");
  if (!event) return event.error();
  const rd_kafka_DescribeConfigs_result_t* result = rd_kafka_event_DescribeConfigs_result(event->get());
  std::size_t count = 0;
  const rd_kafka_ConfigResource_t** described = rd_kafka_DescribeConfigs_result_resources(result, &count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view name = rd_kafka_ConfigResource_name(described[i]);
    const auto topic = std::find_if(topics.begin(), topics.end(), [&](const auto& each) { return each.name == name; });
    if (topic == topics.end()) continue;
    std::size_t entries = 0;
    const rd_kafka_ConfigEntry_t** settings = rd_kafka_ConfigResource_configs(described[i], &entries);
    for (std::size_t k = 0; k < entries; ++k) {
      const char* value = rd_kafka_ConfigEntry_value(settings[k]);
      if (value != nullptr) topic->settings.emplace(rd_kafka_ConfigEntry_name(settings[k]), value);
    }
  }
  return {};
}

Result<std::vector<std::string>> KafkaAdmin::members(const std::string& group) {
  // rd_kafka_DescribeConsumerGroups() would tell instances by themselves, but ends the process with a failed assertion
  // (librdkafka 2.0.2) when the group's coordinator changes or starts again while it asks.
  const rd_kafka_group_list* answer = nullptr;
  const rd_kafka_resp_err_t code =
      rd_kafka_list_groups(client_.get(), group.c_str(), &answer, static_cast<int>(connection_.patience.count()));
  const GroupListPtr list(answer);
  rd_kafka_poll(client_.get(), 0);
  const std::string what = "asking for the members of group " + group;
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return unreachable(error_of(code, what), connection_, events_);
  std::vector<std::string> members;
  for (int i = 0; i < list->group_cnt; ++i) {
    const rd_kafka_group_info& told = list->groups[i];
    if (told.err != RD_KAFKA_RESP_ERR_NO_ERROR) return unreachable(error_of(told.err, what), connection_, events_);
    for (int k = 0; k < told.member_cnt; ++k) {
      members.push_back(member_name(told.members[k].member_id, told.members[k].client_id));
    }
  }
  return members;
}

Result<void> KafkaAdmin::create(const std::vector<TopicSpec>& topics) {
  if (topics.empty()) return {};
  std::vector<NewTopicPtr> owners;
  std::vector<rd_kafka_NewTopic_t*> wanted;
  for (const TopicSpec& spec : topics) {
    auto topic = new_topic_of(spec);
    if (!topic) return topic.error();
    wanted.push_back(topic->get());
    owners.push_back(std::move(*topic));
  }
  const OptionsPtr options(rd_kafka_AdminOptions_new(client_.get(), RD_KAFKA_ADMIN_OP_CREATETOPICS));
  const auto timeout_ms = static_cast<int>(connection_.patience.count());
  rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms, nullptr, 0);
  rd_kafka_AdminOptions_set_operation_timeout(options.get(), timeout_ms, nullptr, 0);
  const QueuePtr queue(rd_kafka_queue_new(client_.get()));
  rd_kafka_CreateTopics(client_.get(), wanted.data(), wanted.size(), options.get(), queue.get());
  const auto event = wait_for(*queue, "creating topics");
  if (!event) return event.error();
  const rd_kafka_CreateTopics_result_t* result = rd_kafka_event_CreateTopics_result(event->get());
  std::size_t count = 0;
  const rd_kafka_topic_result_t** created = rd_kafka_CreateTopics_result_topics(result, &count);
  for (std::size_t i = 0; i < count; ++i) {
    const rd_kafka_resp_err_t code = rd_kafka_topic_result_error(created[i]);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) continue;
    const char* reason = rd_kafka_topic_result_error_string(created[i]);
    return Error(ErrorKind::kReject, std::string("topic ") + rd_kafka_topic_result_name(created[i]) + ": " +
                                         (reason != nullptr ? reason : rd_kafka_err2str(code)));
  }
  return {};
}

}  // namespace touchstone
