package touchstone.peers.flink;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;

/** The topics of the job. Those of its output are made if they are not there. */
final class Topics {
  final String interactions;
  final String windows;
  /** Whether the interactions have as many partitions as the input. */
  final boolean sameCount;

  Topics(Options options) throws Exception {
    interactions = options.prefix + "interactions";
    windows = options.prefix + "windows";
    try (Admin admin = Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, options.brokers))) {
      int partitions = partitions(admin, options.input);
      Set<String> existing = admin.listTopics().names().get();
      List<NewTopic> missing = new ArrayList<>();
      if (!existing.contains(interactions)) missing.add(topic(interactions, partitions, Map.of()));
      if (!existing.contains(windows)) {
        missing.add(topic(windows, partitions, Map.of("cleanup.policy", "compact")));
      }
      admin.createTopics(missing).all().get();
      sameCount = !existing.contains(interactions) || partitions(admin, interactions) == partitions;
    }
  }

  private static int partitions(Admin admin, String topic) throws Exception {
    TopicDescription description = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
    return description.partitions().size();
  }

  private static NewTopic topic(String name, int partitions, Map<String, String> configuration) {
    return new NewTopic(name, java.util.Optional.of(partitions), java.util.Optional.empty()).configs(configuration);
  }
}
