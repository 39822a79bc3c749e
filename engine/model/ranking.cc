#include "engine/model/ranking.h"

#include <algorithm>

namespace touchstone {
namespace {

void add_items(ItemCounts& to, const ItemCounts& items, std::int64_t sign) {
  for (const auto& [item, count] : items) {
    const auto at = to.try_emplace(item, 0).first;
    at->second += sign * count;
    if (at->second == 0) to.erase(at);
  }
}

}  // namespace

std::vector<std::pair<std::string, std::int64_t>> most_frequent(const ItemCounts& items, std::size_t most) {
  std::vector<std::pair<std::string, std::int64_t>> order(items.begin(), items.end());
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  if (order.size() > most) order.resize(most);
  return order;
}

void Rankings::add(const CellKey& ranking, EventTime pane, const ItemCounts& items) {
  const RankingStep step{floor_to(pane, window_.step), ranking};
  if (closed_ && step.begin < *closed_) return;
  ItemCounts& open = steps_[step];
  for (const auto& [item, count] : items) {
    const auto known = open.find(item);
    if (known != open.end()) {
      known->second += count;
    } else if (open.size() < kOpenItems) {
      open.emplace(item, count);
    }
  }
  changed_.insert(step);
}

void Rankings::enter(const RankingStep& step, ItemCounts& items) {
  if (items.size() > kRankedItems) {
    const auto kept = most_frequent(items, kRankedItems);
    items = ItemCounts(kept.begin(), kept.end());
    changed_.insert(step);
  }
  add_items(sums_[step.ranking], items, 1);
}

void Rankings::close(EventTime at, const Filter& may_touch) {
  if (closed_ && at <= *closed_) return;
  for (auto step = steps_.begin(); step != steps_.end() && step->first.begin < at;) {
    const auto& [key, items] = *step;
    if (!may_touch(key.ranking)) {
      ++step;
      continue;
    }
    if (!closed_ || key.begin >= *closed_) enter(key, step->second);
    if (key.begin >= at - window_.size) {
      ++step;
      continue;
    }
    ItemCounts& sum = sums_[key.ranking];
    add_items(sum, items, -1);
    if (sum.empty()) sums_.erase(key.ranking);
    changed_.insert(key);
    step = steps_.erase(step);
  }
  closed_ = at;
}

std::vector<RankingStep> Rankings::take_changed(const Filter& of) {
  std::vector<RankingStep> taken;
  std::erase_if(changed_, [&](const RankingStep& step) {
    if (!of(step.ranking)) return false;
    taken.push_back(step);
    return true;
  });
  return taken;
}

const ItemCounts* Rankings::items(const RankingStep& step) const {
  const auto found = steps_.find(step);
  return found == steps_.end() ? nullptr : &found->second;
}

void Rankings::restore(const RankingStep& step, ItemCounts items) { steps_[step] = std::move(items); }

void Rankings::restored(std::optional<EventTime> closed, const ClosedFor& closed_for) {
  closed_ = closed;
  for (const auto& [step, items] : steps_) {
    const auto entered = closed_for(step.ranking);
    if (entered && step.begin < *entered) add_items(sums_[step.ranking], items, 1);
  }
  changed_.clear();
}

}  // namespace touchstone
