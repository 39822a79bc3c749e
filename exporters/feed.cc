#include "exporters/feed.h"

#include <algorithm>
#include <utility>

namespace touchstone {

bool FeedFilter::wants(const ChronicleEntry& entry) const {
  const auto is = [](const std::string& wanted, std::string_view part) { return wanted.empty() || wanted == part; };
  const auto& [first, its_scope, its_id, its_segment] = entry.parts;
  if (entry.kind == ChronicleKind::kRow) {
    if (!rows || (!windows.empty() && std::find(windows.begin(), windows.end(), first) == windows.end())) return false;
  } else if (!alerts) {
    return false;
  }
  return is(scope, its_scope) && is(id, its_id) && is(segment, its_segment);
}

void Subscription::offer(const ChronicleEntry& entry, std::shared_ptr<const std::string>& shared) {
  if (!filter_.wants(entry)) return;
  const std::scoped_lock lock(mutex_);
  if (overrun_) return;
  if (!shared) shared = std::make_shared<const std::string>(entry.value);
  std::string key(1, static_cast<char>(entry.kind));
  key.append(entry.key);
  const auto [place, is_new] = waiting_.try_emplace(key, FeedItem{entry.kind, shared});
  if (is_new) {
    order_.push_back(std::move(key));
  } else {
    bytes_ -= place->second.value->size();
    place->second.value = shared;
  }
  bytes_ += shared->size();
  if (waiting_.size() <= limits_.keys && bytes_ <= limits_.bytes) return;
  overrun_ = true;
  waiting_.clear();
  order_.clear();
}

std::vector<FeedItem> Subscription::take(std::size_t max_bytes) {
  const std::scoped_lock lock(mutex_);
  std::vector<FeedItem> items;
  std::size_t taken = 0;
  while (!order_.empty()) {
    const auto next = waiting_.find(order_.front());
    const std::size_t size = next->second.value->size();
    if (!items.empty() && taken + size > max_bytes) break;
    taken += size;
    bytes_ -= size;
    items.push_back(std::move(next->second));
    waiting_.erase(next);
    order_.pop_front();
  }
  return items;
}

bool Subscription::overrun() const {
  const std::scoped_lock lock(mutex_);
  return overrun_;
}

std::shared_ptr<Subscription> ChronicleFeed::subscribe(FeedFilter filter) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(subscribers_, [](const auto& each) { return each.expired(); });
  if (subscribers_.size() >= limits_.subscribers) return nullptr;
  auto subscription = std::make_shared<Subscription>(std::move(filter), limits_);
  subscribers_.push_back(subscription);
  return subscription;
}

void ChronicleFeed::publish(std::span<const ChronicleEntry> entries) {
  std::vector<std::shared_ptr<Subscription>> listening;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& each : subscribers_) {
      if (auto subscription = each.lock(); subscription && !subscription->overrun()) {
        listening.push_back(std::move(subscription));
      }
    }
  }
  if (listening.empty()) return;
  for (const ChronicleEntry& entry : entries) {
    std::shared_ptr<const std::string> shared;
    for (const auto& subscription : listening) subscription->offer(entry, shared);
  }
  for (const auto& subscription : listening) overruns_ += subscription->overrun() ? 1 : 0;
}

std::size_t ChronicleFeed::subscribers() const {
  const std::scoped_lock lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(subscribers_.begin(), subscribers_.end(), [](const auto& each) { return !each.expired(); }));
}

}  // namespace touchstone
