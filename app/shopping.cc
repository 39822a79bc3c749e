#include "app/shopping.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace touchstone {
namespace {

using Texts = std::array<std::string_view, 4>;

constexpr Texts kCampaigns = {"spring", "city", "outlet", "new-arrivals"};
constexpr Texts kNetworks = {"display", "social", "video", "partner"};
constexpr Texts kQueries = {"running shoes", "rain jacket", "kettle", "desk lamp"};
constexpr Texts kCategories = {"/category/shoes", "/category/kitchen", "/category/garden", "/guides/sizes"};
constexpr Texts kAppTypes = {"page_view", "page_view", "app_open", "push_open"};
constexpr Texts kBasketPaths = {"/basket", "/checkout/address", "/checkout/delivery", "/checkout/payment"};
constexpr Texts kStores = {"north", "harbour", "old-town", "station"};
constexpr Texts kTopics = {"advice", "order", "delivery", "product"};
constexpr Texts kReasons = {"size", "damaged", "not as shown", "changed my mind"};

/// What customers think of each touchpoint while nothing is wrong. The phone is a standing pain point.
constexpr std::array<std::pair<std::string_view, double>, 13> kQuality = {{{"social.mention", 0.74},
                                                                           {"store.visit", 0.86},
                                                                           {"store.ambience", 0.83},
                                                                           {"store.till", 0.87},
                                                                           {"order.remote", 0.86},
                                                                           {"billing.invoice", 0.80},
                                                                           {"delivery.parcel", 0.87},
                                                                           {"product.packaging", 0.84},
                                                                           {"product.use", 0.86},
                                                                           {"phone.service", 0.70},
                                                                           {"chat.service", 0.81},
                                                                           {"complaint.case", 0.66},
                                                                           {"return.goods", 0.75}}};
constexpr double kOrdinary = 0.82;

std::string text(std::string_view value) { return std::string(value); }

/// Who is behind one scene: the customer, the time, chance; makes ratings of all kinds from one opinion.
class Actor {
 public:
  Actor(Shopper& shopper, const Quality& quality, EventTime now, Dice& dice)
      : shopper_(shopper), quality_(quality), now_(now), dice_(dice) {}

  Shopper& shopper() { return shopper_; }
  Dice& dice() { return dice_; }
  [[nodiscard]] bool suffers_at(std::string_view touchpoint) const { return quality_.has_dropped(touchpoint, now_); }

  Touch::Rating rate(std::string_view touchpoint, std::string_view kind) {
    const double noise = (dice_.share() + dice_.share() - 1) * 0.3;
    const double opinion = std::clamp(quality_.of(touchpoint, now_) + shopper_.mood + noise, 0.0, 1.0);
    shopper_.disappointed = opinion < 0.4;
    if (kind == "nps") return {kind, std::lround(opinion * 10)};
    if (kind == "ces") return {kind, 1 + std::lround(opinion * 6)};
    if (kind == "sentiment") return {kind, std::lround(opinion * 200) - 100, 2};
    return {kind, 1 + std::lround(opinion * 4)};
  }
  /// A rating of the touch itself, from some of the customers.
  void rate_some(Touch& touch, double share, std::string_view kind) {
    if (dice_.chance(share)) touch.rating = rate(touch.touchpoint, kind);
  }

 private:
  Shopper& shopper_;
  const Quality& quality_;
  EventTime now_;
  Dice& dice_;
};

Touch advertisement(Scene scene, Actor& actor) {
  const bool search = scene == Scene::kAdSearch;
  Touch touch{.touchpoint = search ? "ad.search" : "ad.display",
              .type = actor.dice().chance(0.35) ? "ad_click" : "ad_impression",
              .channel = "ad"};
  touch.attributes.emplace_back("network", search ? "search" : text(actor.dice().one_of(kNetworks)));
  touch.attributes.emplace_back("campaign", text(actor.dice().one_of(kCampaigns)));
  return touch;
}

Touch look_around(Scene scene, Actor& actor) {
  Dice& dice = actor.dice();
  Touch touch{.touchpoint = "web.pages", .type = "page_view", .channel = "web"};
  touch.wait_ds = dice.between(2, 25);
  if (scene == Scene::kSearch) {
    touch.touchpoint = "search.onsite";
    touch.type = "search";
    if (actor.shopper().prefers_app) touch.channel = "app";
    touch.attributes.emplace_back("query", text(dice.one_of(kQueries)));
  } else if (scene == Scene::kApp) {
    touch.touchpoint = "app.shopping";
    touch.type = dice.one_of(kAppTypes);
    touch.channel = "app";
    if (touch.type == "page_view") touch.attributes.emplace_back("path", fmt::format("/product/{}", dice.below(400)));
  } else if (scene == Scene::kProduct) {
    touch.touchpoint = "web.product";
    touch.attributes.emplace_back("path", fmt::format("/product/{}", dice.below(400)));
  } else if (scene == Scene::kBasket) {
    touch.touchpoint = "web.checkout";
    touch.attributes.emplace_back("path", text(dice.one_of(kBasketPaths)));
  } else {
    touch.attributes.emplace_back("path", dice.chance(0.4) ? "/" : text(dice.one_of(kCategories)));
  }
  return touch;
}

Touch newsletter(Actor& actor) {
  return {.touchpoint = "email.newsletter",
          .type = actor.dice().chance(0.4) ? "email_click" : "email_open",
          .channel = "email",
          .attributes = {{"mailing", text(actor.dice().one_of(kCampaigns))}}};
}

Touch mention(Actor& actor) {
  Touch touch{.touchpoint = "social.mention", .type = "social_mention", .channel = "social"};
  touch.rating = actor.rate("social.mention", "sentiment");
  return touch;
}

Touch visit_store(Actor& actor) {
  Touch touch{.touchpoint = "store.visit", .type = "store_visit", .channel = "store"};
  touch.wait_ds = actor.dice().between(0, 2'400);
  touch.duration_s = actor.dice().between(240, 2'700);
  actor.rate_some(touch, 0.1, "csat");
  touch.attributes.emplace_back("store", text(actor.dice().one_of(kStores)));
  return touch;
}

Touch buy(Scene scene, Actor& actor) {
  Dice& dice = actor.dice();
  Shopper& shopper = actor.shopper();
  ++shopper.purchases;
  Touch touch{.touchpoint = "order.remote", .type = "purchase", .channel = shopper.prefers_app ? "app" : "web"};
  const std::int64_t scale = shopper.tier == Tier::kBusiness ? 6 : 1;
  touch.value_cents = scale * dice.between(900, 16'000);
  if (scene == Scene::kTill) {
    touch.touchpoint = "store.till";
    touch.channel = "store";
    touch.wait_ds = dice.between(50, 2'200);
    actor.rate_some(touch, 0.25, "csat");
    touch.attributes.emplace_back("store", text(dice.one_of(kStores)));
    return touch;
  }
  if (shopper.last_touch == "phone.service") touch.channel = "phone";
  actor.rate_some(touch, 0.1, "ces");
  touch.attributes.emplace_back("items", std::to_string(dice.between(1, 5)));
  return touch;
}

Touch invoice(Actor& actor) {
  Touch touch{
      .touchpoint = "billing.invoice", .type = actor.dice().chance(0.6) ? "invoice" : "payment", .channel = "billing"};
  actor.rate_some(touch, 0.1, "csat");
  return touch;
}

Touch deliver(Actor& actor) {
  Touch touch{.touchpoint = "delivery.parcel", .type = "delivery", .channel = "delivery"};
  const std::int64_t hours =
      actor.suffers_at(touch.touchpoint) ? actor.dice().between(60, 160) : actor.dice().between(16, 56);
  touch.wait_ds = hours * 36'000 + actor.dice().between(0, 35'999);
  actor.rate_some(touch, 0.4, "stars");
  touch.attributes.emplace_back("carrier", actor.dice().chance(0.7) ? "blue" : "green");
  return touch;
}

Touch use(Actor& actor) {
  Touch touch{.touchpoint = "product.use", .type = "product_use", .channel = "product"};
  actor.rate_some(touch, 0.2, "csat");
  return touch;
}

Touch serve(Scene scene, Actor& actor) {
  const bool call = scene == Scene::kCall;
  Touch touch{.touchpoint = call ? "phone.service" : "chat.service",
              .type = call ? "call" : "chat",
              .channel = call ? "phone" : "chat"};
  const std::int64_t patience = actor.suffers_at(touch.touchpoint) ? 6 : 1;
  touch.wait_ds = patience * (call ? actor.dice().between(50, 1'100) : actor.dice().between(20, 400));
  touch.duration_s = actor.dice().between(60, 720);
  actor.rate_some(touch, 0.5, "csat");
  touch.attributes.emplace_back("topic", text(actor.dice().one_of(kTopics)));
  return touch;
}

Touch complain(Scene scene, Actor& actor) {
  Touch touch{
      .touchpoint = "complaint.case", .type = "complaint", .channel = actor.dice().chance(0.5) ? "email" : "phone"};
  if (scene == Scene::kResolved) {
    touch.wait_ds = actor.dice().between(2, 40) * 36'000;
    actor.rate_some(touch, 0.7, "csat");
  }
  touch.attributes.emplace_back("status", scene == Scene::kResolved ? "resolved" : "open");
  return touch;
}

Touch give_back(Actor& actor) {
  Touch touch{.touchpoint = "return.goods", .type = "return", .channel = actor.dice().chance(0.7) ? "post" : "store"};
  touch.value_cents = -actor.dice().between(900, 12'000);
  touch.wait_ds = actor.dice().between(20, 90) * 36'000;
  actor.rate_some(touch, 0.3, "csat");
  touch.attributes.emplace_back("reason", text(actor.dice().one_of(kReasons)));
  return touch;
}

Touch answer(Scene scene, Actor& actor) {
  Touch touch{.touchpoint = "survey.purchase", .type = "survey_response", .channel = "survey"};
  Dice& dice = actor.dice();
  if (scene == Scene::kRecommend) {
    touch.touchpoint = "survey.relationship";
    // It is the relation that is rated, and not whatever happened last.
    touch.about = touch.touchpoint;
    touch.rating = actor.rate(touch.touchpoint, "nps");
    return touch;
  }
  std::string_view rated = actor.shopper().last_touch;
  if ((rated == "store.till" || rated == "store.visit") && dice.chance(0.4)) rated = touch.about = "store.ambience";
  if (rated == "delivery.parcel" && dice.chance(0.15)) rated = touch.about = "product.packaging";
  touch.rating = actor.rate(rated, dice.chance(0.75) ? "csat" : "ces");
  return touch;
}

Touch review(Actor& actor) {
  Touch touch{.touchpoint = "review.product", .type = "review", .channel = actor.shopper().prefers_app ? "app" : "web"};
  touch.about = "product.use";
  touch.rating = actor.rate(touch.about, "stars");
  return touch;
}

Touch club(Actor& actor) {
  static constexpr Texts kTypes = {"club_join", "reward_redeemed", "reward_redeemed", "referral"};
  return {.touchpoint = "club.member", .type = actor.dice().one_of(kTypes), .channel = "app"};
}

Touch touch_of(Scene scene, Actor& actor) {
  switch (scene) {
    case Scene::kAdSearch:
    case Scene::kAdDisplay:
      return advertisement(scene, actor);
    case Scene::kMention:
      return mention(actor);
    case Scene::kSearch:
    case Scene::kApp:
    case Scene::kPage:
    case Scene::kProduct:
    case Scene::kBasket:
      return look_around(scene, actor);
    case Scene::kNewsletter:
      return newsletter(actor);
    case Scene::kStore:
      return visit_store(actor);
    case Scene::kTill:
    case Scene::kOrder:
      return buy(scene, actor);
    case Scene::kInvoice:
      return invoice(actor);
    case Scene::kDelivery:
      return deliver(actor);
    case Scene::kUse:
      return use(actor);
    case Scene::kCall:
    case Scene::kChat:
      return serve(scene, actor);
    case Scene::kComplaint:
    case Scene::kResolved:
      return complain(scene, actor);
    case Scene::kReturn:
      return give_back(actor);
    case Scene::kRecommend:
    case Scene::kSurvey:
      return answer(scene, actor);
    case Scene::kReview:
      return review(actor);
    case Scene::kClub:
    case Scene::kEnd:
      break;
  }
  return club(actor);
}

}  // namespace

bool Quality::has_dropped(std::string_view touchpoint, EventTime now) const {
  if (touchpoint != drop_.touchpoint || now < start_ + drop_.first) return false;
  return (now - start_ - drop_.first) % drop_.every < drop_.lasts;
}

double Quality::of(std::string_view touchpoint, EventTime now) const {
  const auto* const known =
      std::find_if(kQuality.begin(), kQuality.end(), [&](const auto& each) { return each.first == touchpoint; });
  const double usual = known == kQuality.end() ? kOrdinary : known->second;
  return has_dropped(touchpoint, now) ? usual - drop_.depth : usual;
}

Shopper new_shopper(std::string id, Dice& dice) {
  Shopper shopper{.id = std::move(id), .mood = dice.share() * 0.2 - 0.1, .prefers_app = dice.chance(0.3)};
  // In percent, summed up.
  constexpr std::array<std::pair<double, Tier>, 5> kTiers = {{{0.07, Tier::kBusiness},
                                                              {0.20, Tier::kGold},
                                                              {0.52, Tier::kMember},
                                                              {0.74, Tier::kGuest},
                                                              {0.81, Tier::kMarketplace}}};
  const double throw_of_dice = dice.share();
  for (const auto& [upto, tier] : kTiers) {
    if (throw_of_dice < upto) {
      shopper.tier = tier;
      break;
    }
  }
  return shopper;
}

Touch play(Scene scene, Shopper& shopper, const Quality& quality, EventTime now, Dice& dice) {
  if (scene != Scene::kSurvey && scene != Scene::kRecommend) shopper.disappointed = false;
  Actor actor(shopper, quality, now, dice);
  Touch touch = touch_of(scene, actor);
  // A survey rates what came before it, so it is not itself what the next one rates.
  if (touch.type != "survey_response") shopper.last_touch = touch.touchpoint;
  return touch;
}

}  // namespace touchstone
