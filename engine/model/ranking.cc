#include "engine/model/ranking.h"

#include <algorithm>

#include "engine/model/packing.h"

namespace touchstone {
namespace {

// lists = *list; list = scope id segment count *(item count)
std::string pack_lists(const std::map<CellKey, ItemCounts>& lists) {
  std::string out;
  for (const auto& [ranking, items] : lists) {
    pack_number(static_cast<std::int64_t>(ranking.scope), out);
    pack_text(ranking.id, out);
    pack_text(ranking.segment, out);
    pack_number(static_cast<std::int64_t>(items.size()), out);
    for (const auto& [item, count] : items) {
      pack_text(item, out);
      pack_number(count, out);
    }
  }
  return out;
}

std::map<CellKey, ItemCounts> unpack_lists(std::string_view bytes) {
  std::map<CellKey, ItemCounts> lists;
  for (Unpacker in(bytes); !in.done();) {
    const auto scope = static_cast<Scope>(in.number());
    const std::string id(in.text());
    ItemCounts& items = lists[{scope, id, std::string(in.text())}];
    for (std::int64_t left = in.number(); left > 0; --left) {
      const std::string item(in.text());
      items.emplace_hint(items.end(), item, in.number());
    }
  }
  return lists;
}

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

Rankings::Rankings(WindowSpec window, std::unique_ptr<Shelf> shelf)
    : window_(std::move(window)), shelf_(std::move(shelf)) {
  const std::int64_t steps = window_.size / window_.step;
  window_.step *= (steps + kRankingSteps - 1) / kRankingSteps;
}

void Rankings::add(const CellKey& ranking, EventTime pane, const ItemCounts& items) {
  const RankingStep step{floor_to(pane, window_.step), ranking};
  if (closed_ && step.begin < *closed_) return;
  if (shelved_.contains(step.begin)) open_.emplace(step.begin, take_off(step.begin));
  ItemCounts& open = open_[step.begin][ranking];
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

Rankings::Lists Rankings::take_off(EventTime begin) {
  const auto shelved = shelved_.find(begin);
  Lists lists = unpack_lists(shelf_->get(shelved->second));
  shelf_->drop(shelved->second);
  shelved_.erase(shelved);
  return lists;
}

void Rankings::shelve(EventTime begin, const Lists& lists) {
  if (!lists.empty()) shelved_.emplace(begin, shelf_->put(pack_lists(lists)));
}

void Rankings::close(EventTime closing, const Filter& may_touch) {
  const EventTime at = floor_to(closing, window_.step);
  if (closed_ && at <= *closed_) return;
  close_open(at, may_touch);
  lose_old(at, may_touch);
  closed_ = at;
}

void Rankings::close_open(EventTime at, const Filter& may_touch) {
  while (!open_.empty() && open_.begin()->first < at) {
    auto& [begin, lists] = *open_.begin();
    for (auto& [ranking, items] : lists) {
      if (may_touch(ranking)) enter({begin, ranking}, items);
    }
    shelve(begin, lists);
    open_.erase(open_.begin());
  }
}

void Rankings::lose_old(EventTime at, const Filter& may_touch) {
  std::vector<std::pair<EventTime, Lists>> kept;
  while (!shelved_.empty() && shelved_.begin()->first < at - window_.size) {
    const EventTime begin = shelved_.begin()->first;
    Lists lists = take_off(begin);
    std::erase_if(lists, [&](const auto& list) {
      const auto& [ranking, items] = list;
      if (!may_touch(ranking)) return false;
      ItemCounts& sum = sums_[ranking];
      add_items(sum, items, -1);
      if (sum.empty()) sums_.erase(ranking);
      changed_.insert({begin, ranking});
      return true;
    });
    kept.emplace_back(begin, std::move(lists));
  }
  for (const auto& [begin, lists] : kept) shelve(begin, lists);
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

std::optional<ItemCounts> Rankings::items(const RankingStep& step) const {
  const auto in = [&](const Lists& lists) -> std::optional<ItemCounts> {
    const auto found = lists.find(step.ranking);
    if (found == lists.end()) return std::nullopt;
    return found->second;
  };
  if (const auto open = open_.find(step.begin); open != open_.end()) return in(open->second);
  const auto shelved = shelved_.find(step.begin);
  if (shelved == shelved_.end()) return std::nullopt;
  return in(unpack_lists(shelf_->get(shelved->second)));
}

void Rankings::restore(const RankingStep& step, ItemCounts items) {
  open_[step.begin][step.ranking] = std::move(items);
}

void Rankings::restored(std::optional<EventTime> closed, const ClosedFor& closed_for) {
  if (closed) closed_ = floor_to(*closed, window_.step);
  for (auto step = open_.begin(); step != open_.end();) {
    const auto& [begin, lists] = *step;
    for (const auto& [ranking, items] : lists) {
      const auto entered = closed_for(ranking);
      if (entered && begin < floor_to(*entered, window_.step)) add_items(sums_[ranking], items, 1);
    }
    if (!closed_ || begin >= *closed_) {
      ++step;
      continue;
    }
    shelve(begin, lists);
    step = open_.erase(step);
  }
  changed_.clear();
}

}  // namespace touchstone
