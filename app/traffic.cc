#include "app/traffic.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "engine/wire/json.h"

namespace touchstone {
namespace {

constexpr std::size_t kRecent = 64;
/// A customer who has gone asks to be forgotten so long after, when nothing of theirs is sent again.
constexpr Millis kUntilForgotten{90'000};

}  // namespace

Traffic::Traffic(const TrafficOptions& options, EventTime start)
    : options_(options), dice_(options.seed), quality_(options.drop, start) {
  for (std::size_t i = 0; i < options_.customers; ++i) {
    shoppers_.push_back(stranger());
    idle_.push_back(i);
  }
}

TrafficRecord Traffic::next(EventTime now) {
  if (!recent_.empty() && dice_.chance(options_.repeated)) {
    TrafficRecord again = dice_.one_of(recent_);
    again.kind = TrafficRecord::Kind::kRepeated;
    return again;
  }
  if (dice_.chance(options_.broken)) {
    const Shopper& shopper = dice_.one_of(shoppers_);
    return {TrafficRecord::Kind::kBroken, shopper.id, write_broken(shopper, now)};
  }
  if (!leavers_.empty() && leavers_.front().due <= now) {
    TrafficRecord forget{TrafficRecord::Kind::kForget, std::move(leavers_.front().customer), std::nullopt};
    leavers_.pop_front();
    return forget;
  }
  TrafficRecord record = act(now);
  if (recent_.size() < kRecent) {
    recent_.push_back(record);
  } else {
    recent_[events_ % kRecent] = record;
  }
  return record;
}

TrafficRecord Traffic::act(EventTime now) {
  const ScenePlan due = next_plan(now);
  Shopper& shopper = shoppers_[due.shopper];
  const Touch touch = play(due.scene, shopper, quality_, now, dice_);
  TrafficRecord record{TrafficRecord::Kind::kEvent, shopper.id, write(shopper, touch, now)};
  const FollowUp next = follow(due.scene, shopper, dice_);
  if (next.scene == Scene::kEnd) {
    end_visit(due.shopper, now);
  } else {
    plan(due.shopper, next.scene, now + next.after);
  }
  return record;
}

ScenePlan Traffic::next_plan(EventTime now) {
  // With everybody busy, somebody hurries.
  if (idle_.empty() || (!plans_.empty() && plans_.top().due <= now)) {
    const ScenePlan soonest = plans_.top();
    plans_.pop();
    return soonest;
  }
  const std::size_t place = dice_.below(idle_.size());
  std::swap(idle_[place], idle_.back());
  const std::size_t shopper = idle_.back();
  idle_.pop_back();
  return {now, 0, shopper, first_scene(shoppers_[shopper], dice_)};
}

void Traffic::plan(std::size_t shopper, Scene scene, EventTime due) { plans_.push({due, planned_++, shopper, scene}); }

void Traffic::end_visit(std::size_t shopper, EventTime now) {
  // Some never come back, which makes room for somebody new, so that all stages stay populated.
  if (dice_.chance(shoppers_[shopper].purchases >= 2 ? 0.5 : 0.25)) {
    leavers_.push_back({now + kUntilForgotten, std::exchange(shoppers_[shopper], stranger()).id});
  }
  idle_.push_back(shopper);
}

std::string Traffic::write(const Shopper& shopper, const Touch& touch, EventTime now) {
  std::string out;
  {
    JsonObject event(out);
    event.text("id", fmt::format("e{}", ++events_));
    event.time("time", options_.disorder.time_at(now, dice_));
    write_touch(shopper, touch, event);
  }
  return out;
}

std::string Traffic::write_broken(const Shopper& shopper, EventTime now) {
  const std::string whole = write(shopper, {.type = "page_view", .channel = "web"}, now);
  switch (dice_.below(4)) {
    case 0:
      return whole.substr(0, whole.size() / 2);
    case 1:
      return fmt::format(R"({{"time":"{}","customer":"{}","channel":"web"}})", to_rfc3339(now), shopper.id);
    case 2:
      return fmt::format(R"({{"time":"yesterday","type":"call","customer":"{}"}})", shopper.id);
    default:
      return fmt::format(R"({{"time":"{}","type":"survey_response","customer":"{}","feedback":{{"csat":9}}}})",
                         to_rfc3339(now), shopper.id);
  }
}

Shopper Traffic::stranger() { return new_shopper(fmt::format("c{:05}", ++strangers_), dice_); }

}  // namespace touchstone
