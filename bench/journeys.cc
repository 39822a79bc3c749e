#include "bench/journeys.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "engine/wire/json.h"
#include "ingest/partitioner.h"

namespace touchstone::bench {
namespace {

constexpr std::size_t kRecentRecords = 64;

}  // namespace

Zipf::Zipf(std::uint64_t count, double exponent) : count_(static_cast<double>(count)), exponent_(exponent) {
  first_ = integral(1.5) - 1.0;
  last_ = integral(count_ + 0.5);
}

// The integral of x^-exponent, and back; by logarithms where the exponent is 1.
double Zipf::integral(double x) const {
  const double power = 1.0 - exponent_;
  return power == 0 ? std::log(x) : (std::pow(x, power) - 1.0) / power;
}

double Zipf::inverse(double area) const {
  const double power = 1.0 - exponent_;
  return power == 0 ? std::exp(area) : std::pow(1.0 + area * power, 1.0 / power);
}

std::uint64_t Zipf::draw(Dice& dice) const {
  for (;;) {
    const double area = last_ + dice.share() * (first_ - last_);
    const double number = std::clamp(std::floor(inverse(area) + 0.5), 1.0, count_);
    if (area >= integral(number + 0.5) - std::pow(number, -exponent_)) return static_cast<std::uint64_t>(number);
  }
}

std::string StreamTruth::json() const {
  std::string out;
  {
    JsonObject all(out);
    all.integer("records", static_cast<std::int64_t>(records));
    all.integer("duplicates", static_cast<std::int64_t>(duplicates));
    all.integer("late", static_cast<std::int64_t>(late));
    all.integer("customers", static_cast<std::int64_t>(customers));
    all.time("first", first);
    all.time("last", last);
    JsonObject each(all.member("touchpoints"));
    for (const auto& [id, truth] : touchpoints) {
      JsonObject one(each.member(id));
      one.integer("interactions", static_cast<std::int64_t>(truth.interactions));
      one.integer("rated", static_cast<std::int64_t>(truth.rated));
      one.integer("rated_in_drop", static_cast<std::int64_t>(truth.rated_in_drop));
    }
  }
  return out;
}

JourneyStream::JourneyStream(const JourneyStreamOptions& options, EventTime begin)
    : options_(options),
      begin_(begin),
      dice_(options.seed),
      zipf_(options.customers, options.skew),
      quality_(options.drop, begin),
      highest_(static_cast<std::size_t>(options.partitions), EventTime::min()),
      came_(options.customers) {}

StreamRecord JourneyStream::next() {
  const EventTime now = begin_ + Millis{static_cast<std::int64_t>(truth_.records * 1'000 / options_.events_a_second)};
  ++truth_.records;
  if (!recent_.empty() && dice_.chance(options_.repeated)) {
    ++truth_.duplicates;
    return dice_.one_of(recent_);
  }
  const ScenePlan due = next_plan(now);
  Shopper& shopper = visitors_.at(due.shopper);
  const Touch touch = play(due.scene, shopper, quality_, now, dice_);
  const EventTime time = options_.disorder.time_at(now, dice_);
  note(shopper, touch, time, now);
  StreamRecord record{shopper.id, write(shopper, touch, time)};
  const FollowUp next = follow(due.scene, shopper, dice_);
  if (next.scene == Scene::kEnd) {
    visitors_.erase(due.shopper);
  } else {
    plans_.push({now + next.after, planned_++, due.shopper, next.scene});
  }
  if (recent_.size() < kRecentRecords) {
    recent_.push_back(record);
  } else {
    recent_[events_ % kRecentRecords] = record;
  }
  return record;
}

ScenePlan JourneyStream::next_plan(EventTime now) {
  if (!plans_.empty() && (plans_.top().due <= now || visitors_.size() == options_.customers)) {
    const ScenePlan soonest = plans_.top();
    plans_.pop();
    return soonest;
  }
  const std::uint64_t customer = next_visitor();
  if (!came_[customer]) {
    came_[customer] = true;
    ++truth_.customers;
  }
  // The same customer is the same at each visit.
  Dice own(options_.seed ^ (customer * 0x9E3779B97F4A7C15ULL));
  Shopper& shopper = visitors_[customer] = new_shopper(fmt::format("c{:09}", customer), own);
  shopper.purchases = static_cast<int>(own.below(4));
  return {now, 0, customer, first_scene(shopper, dice_)};
}

// Whoever is on a visit already does not begin another one. At a high rate these are most of those who come all the
// time, all in one row, so that it is drawn again instead of looking for the next one who is not.
std::uint64_t JourneyStream::next_visitor() {
  constexpr int kDraws = 64;
  std::uint64_t customer = zipf_.draw(dice_) - 1;
  for (int drawn = 1; drawn < kDraws && visitors_.contains(customer); ++drawn) customer = zipf_.draw(dice_) - 1;
  while (visitors_.contains(customer)) customer = (customer + 1) % options_.customers;
  return customer;
}

void JourneyStream::note(const Shopper& shopper, const Touch& touch, EventTime time, EventTime now) {
  EventTime& highest = highest_[static_cast<std::size_t>(murmur2_partition(shopper.id, options_.partitions))];
  if (highest != EventTime::min() && time < highest - options_.lateness) ++truth_.late;
  highest = std::max(highest, time);
  truth_.first = truth_.records == 1 ? time : std::min(truth_.first, time);
  truth_.last = std::max(truth_.last, time);
  StreamTruth::Touchpoint& truth = truth_.touchpoints[std::string(touch.touchpoint)];
  ++truth.interactions;
  if (!touch.rating) return;
  const std::string_view about = touch.about.empty() ? touch.touchpoint : touch.about;
  StreamTruth::Touchpoint& rated = truth_.touchpoints[std::string(about)];
  ++rated.rated;
  if (quality_.has_dropped(about, now)) ++rated.rated_in_drop;
}

std::string JourneyStream::write(const Shopper& shopper, Touch touch, EventTime time) {
  // As long as events of a shop are, with what no rule reads.
  touch.attributes.emplace_back("session", fmt::format("s{:016x}", dice_.next()));
  touch.attributes.emplace_back("agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36");
  std::string out;
  {
    JsonObject event(out);
    event.text("id", fmt::format("e{}", ++events_));
    event.time("time", time);
    write_touch(shopper, touch, event);
  }
  return out;
}

}  // namespace touchstone::bench
