#include "app/shopping.h"
#include "engine/wire/json.h"

namespace touchstone {
namespace {

void write_segment(const Shopper& shopper, JsonObject& attributes) {
  switch (shopper.tier) {
    case Tier::kBusiness:
      attributes.text("account", "business");
      return;
    case Tier::kGold:
      attributes.text("tier", "gold");
      return;
    case Tier::kMember:
      attributes.text("tier", "basic");
      return;
    case Tier::kGuest:
      attributes.flag("guest", true);
      return;
    case Tier::kMarketplace:
    case Tier::kNone:
      return;
  }
}

}  // namespace

EventTime Disorder::time_at(EventTime now, Dice& dice) const {
  if (dice.chance(late)) return now - Millis{dice.between(12'000, 40'000)};
  if (dice.chance(slight)) return now - Millis{dice.between(100, 5'000)};
  return now;
}

void write_touch(const Shopper& shopper, const Touch& touch, JsonObject& event) {
  event.text("type", touch.type);
  event.text("customer", shopper.id);
  event.text("channel", touch.channel);
  if (shopper.tier == Tier::kMarketplace) event.text("segment", "marketplace");
  if (touch.value_cents) event.fixed("value", *touch.value_cents, 2);
  if (touch.wait_ds) event.fixed("wait_s", *touch.wait_ds, 1);
  if (touch.duration_s) event.integer("duration_s", *touch.duration_s);
  if (touch.rating) {
    JsonObject feedback(event.member("feedback"));
    feedback.fixed(touch.rating->kind, touch.rating->units, touch.rating->decimals);
    if (!touch.about.empty()) feedback.text("about", touch.about);
  }
  JsonObject attributes(event.member("attributes"));
  for (const auto& [name, value] : touch.attributes) attributes.text(name, value);
  write_segment(shopper, attributes);
}

}  // namespace touchstone
