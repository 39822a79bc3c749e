package touchstone.peers.streams;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.TopicConfig;

/** Makes the topics the job writes to, where they are missing. */
final class Topics {
  private Topics() {}

  static void createMissing(Settings settings, int partitions) throws ExecutionException, InterruptedException {
    try (Admin admin = Admin.create(Map.of(
        AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, settings.brokers, AdminClientConfig.ENABLE_METRICS_PUSH_CONFIG, false))) {
      Set<String> present = admin.listTopics().names().get();
      List<NewTopic> missing = new ArrayList<>();
      for (String name : List.of(settings.interactionsTopic(), settings.windowsTopic(), settings.cellsTopic())) {
        if (present.contains(name)) continue;
        NewTopic topic = new NewTopic(name, Optional.of(partitions), Optional.empty());
        if (name.equals(settings.windowsTopic())) {
          topic.configs(Map.of(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT));
        }
        missing.add(topic);
      }
      admin.createTopics(missing).all().get();
    }
  }
}
