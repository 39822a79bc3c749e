#include "ingest/topics.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace touchstone {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TopicPlan plan() {
  TopicPlan made;
  made.input_partitions = 6;
  made.deltas_partitions = 4;
  made.derived_partitions = 3;
  made.events_partitions = 8;
  return made;
}

TopicSpec spec_of(const TopicPlan& plan, TopicRole role) {
  const auto topics = topics_of(plan);
  const auto found = std::find_if(topics.begin(), topics.end(), [&](const auto& each) { return each.role == role; });
  EXPECT_NE(found, topics.end());
  return *found;
}

std::vector<ExistingTopic> existing_of(const std::vector<TopicSpec>& topics) {
  std::vector<ExistingTopic> existing;
  for (const auto& spec : topics) existing.push_back({spec.name, spec.partitions, spec.settings});
  return existing;
}

TEST(Topics, HaveTheirNamesUnderThePrefix) {
  std::vector<std::string> names;
  TopicPlan with_intake = plan();
  with_intake.intake = true;
  for (const auto& spec : topics_of(with_intake)) names.push_back(spec.name);
  EXPECT_THAT(names, ElementsAre("touchstone.interactions", "touchstone.transitions", "touchstone.conversions",
                                 "touchstone.windows", "touchstone.alerts", "touchstone.dead-letters",
                                 "touchstone.internal.events", "touchstone.internal.deltas",
                                 "touchstone.internal.journey-changelog", "touchstone.internal.windows-changelog"));
  with_intake.prefix = "acme.";
  EXPECT_EQ(topics_of(with_intake)[5].name, "acme.dead-letters");
}

TEST(Topics, NeedTheIntakesOwnTopicOnlyWithAnIntake) { EXPECT_EQ(topics_of(plan()).size(), 9U); }

TEST(Topics, GiveAChangelogThePartitionsOfWhatItsStageReads) {
  EXPECT_EQ(spec_of(plan(), TopicRole::kJourneyChangelog).partitions, 6);
  EXPECT_EQ(spec_of(plan(), TopicRole::kWindowsChangelog).partitions, 4);
  TopicPlan with_intake = plan();
  with_intake.intake = true;
  EXPECT_EQ(spec_of(with_intake, TopicRole::kEvents).partitions, 8);
  EXPECT_EQ(spec_of(with_intake, TopicRole::kJourneyChangelog).partitions, 8);
}

TEST(Topics, CompactRowsAndChangelogsAndNothingElse) {
  TopicPlan with_intake = plan();
  with_intake.intake = true;
  std::vector<TopicRole> compacted;
  for (const auto& spec : topics_of(with_intake)) {
    EXPECT_EQ(spec.settings.at("cleanup.policy"), name_of(spec.cleanup));
    EXPECT_EQ(spec.settings.contains("retention.ms"), spec.cleanup == Cleanup::kDelete);
    if (spec.cleanup == Cleanup::kCompact) compacted.push_back(spec.role);
  }
  EXPECT_THAT(compacted, ElementsAre(TopicRole::kWindows, TopicRole::kJourneyChangelog, TopicRole::kWindowsChangelog));
}

TEST(Topics, TakeDeadLettersLargerThanAnyInput) {
  EXPECT_GT(std::stoll(spec_of(plan(), TopicRole::kDeadLetters).settings.at("max.message.bytes")), 16 << 20);
}

TEST(Topics, DifferInNothingWhereTheBrokerHasThemAsPlanned) {
  const auto topics = topics_of(plan());
  EXPECT_THAT(differences(topics, existing_of(topics)), IsEmpty());
}

TEST(Topics, DifferWhereTheBrokerHasThemOtherwise) {
  using Kind = TopicDifference::Kind;
  const auto topics = topics_of(plan());
  auto existing = existing_of(topics);
  existing[0].partitions = 7;                                // interactions
  existing[3].settings["cleanup.policy"] = "delete";         // windows
  existing[4].settings["retention.ms"] = "1000";             // alerts
  existing[5].settings["max.message.bytes"] = "1048588";     // dead letters
  existing[6].settings["max.message.bytes"] = "1000000000";  // deltas: more than enough
  existing.erase(existing.begin() + 1);                      // transitions
  const auto found = differences(topics, existing);
  std::vector<std::pair<Kind, std::string>> seen;
  for (const auto& each : found) seen.emplace_back(each.kind, each.topic);
  EXPECT_THAT(
      seen, ElementsAre(std::pair(Kind::kPartitions, "touchstone.interactions"),
                        std::pair(Kind::kMissing, "touchstone.transitions"),
                        std::pair(Kind::kCleanup, "touchstone.windows"), std::pair(Kind::kSetting, "touchstone.alerts"),
                        std::pair(Kind::kTooSmall, "touchstone.dead-letters")));
  EXPECT_EQ(found[0].message, "has 7 partitions instead of 3");
  EXPECT_EQ(found[2].message, "has cleanup.policy=delete instead of compact");
  EXPECT_TRUE(is_serious(Kind::kPartitions));
  EXPECT_FALSE(is_serious(Kind::kSetting));
}

}  // namespace
}  // namespace touchstone
