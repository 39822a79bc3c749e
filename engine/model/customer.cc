#include "engine/model/customer.h"

#include <algorithm>
#include <chrono>

#include <xxhash.h>

namespace touchstone {

AcceptedId accepted_id(std::string_view id, EventTime time) {
  const XXH128_hash_t hash = XXH3_128bits(id.data(), id.size());
  return {hash.high64, hash.low64, time};
}

void Customer::clear() {
  started = lapsed = false;
  stage = StageNo();
  stage_since = highest = EventTime{};
  segment.reset();
  last_touchpoint = TouchpointNo();
  conversions = 0;
  touches.clear();
  rateable.clear();
  ids.clear();
  presence.clear();
}

void remember_touch(Customer& customer, const PathTouch& touch, const Settings& settings) {
  const auto overtaken = [&](RememberedTouch& earlier) {
    if (earlier.touch.time <= touch.time) ++earlier.overtaken;
    return earlier.overtaken >= settings.max_touches;
  };
  std::erase_if(customer.touches, overtaken);
  customer.touches.push_back({touch, 0});
  if (customer.touches.size() > kTouchesFactor * settings.max_touches) {
    customer.touches.erase(customer.touches.begin());
  }
}

void remember_rateable(Customer& customer, const RateableTouch& touch, const Settings& settings) {
  // An earlier touch that is not later in time can never be the latest one that is young enough.
  while (!customer.rateable.empty() && customer.rateable.back().time <= touch.time) customer.rateable.pop_back();
  customer.rateable.push_back(touch);
  if (customer.rateable.size() > kTouchesFactor * settings.max_touches) {
    customer.rateable.erase(customer.rateable.begin());
  }
}

void remember_id(Customer& customer, const AcceptedId& id, const Settings& settings) {
  customer.ids.push_back(id);
  if (customer.ids.size() > settings.duplicate_ids) customer.ids.erase(customer.ids.begin());
}

bool is_duplicate(const Customer& customer, const AcceptedId& id, const Settings& settings) {
  return std::any_of(customer.ids.begin(), customer.ids.end(), [&](const AcceptedId& known) {
    return known.low == id.low && known.high == id.high &&
           std::chrono::abs(known.time - id.time) <= settings.duplicates_within;
  });
}

namespace {

void keep_last(std::vector<PathTouch>& path, std::size_t count) {
  if (path.size() > count) path.erase(path.begin(), path.end() - static_cast<std::ptrdiff_t>(count));
}

}  // namespace

std::vector<PathTouch> path_at(const Customer& customer, EventTime conversion, const Settings& settings) {
  std::vector<PathTouch> path;
  for (const RememberedTouch& remembered : customer.touches) {
    if (conversion - remembered.touch.time <= settings.lookback) path.push_back(remembered.touch);
  }
  keep_last(path, settings.max_touches);
  return path;
}

std::vector<PathTouch> last_touches(const Customer& customer, const Settings& settings) {
  std::vector<PathTouch> path;
  for (const RememberedTouch& remembered : customer.touches) path.push_back(remembered.touch);
  keep_last(path, settings.max_touches);
  return path;
}

}  // namespace touchstone
