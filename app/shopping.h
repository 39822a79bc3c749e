// How the invented customers of the retail map behave: what happens to them, what they say of it, and what
// they do next. The script of the traffic; who acts when is decided in traffic.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/dice.h"
#include "engine/model/time.h"

namespace touchstone {

class JsonObject;

enum class Scene : std::uint8_t {
  kAdSearch,
  kAdDisplay,
  kMention,
  kSearch,
  kApp,
  kPage,
  kProduct,
  kBasket,
  kNewsletter,
  kStore,
  kTill,
  kOrder,
  kInvoice,
  kDelivery,
  kUse,
  kCall,
  kChat,
  kComplaint,
  kResolved,
  kReturn,
  kRecommend,  ///< the recommendation survey
  kSurvey,     ///< the one after a purchase; rates the touch before it
  kReview,
  kClub,
  kEnd,  ///< of this visit; the customer may come back
};

enum class Tier : std::uint8_t { kBusiness, kGold, kMember, kGuest, kMarketplace, kNone };

struct Shopper {
  std::string id;
  Tier tier = Tier::kNone;
  double mood = 0;  ///< added to everything this customer rates
  bool prefers_app = false;
  int purchases = 0;
  std::string_view last_touch{};  ///< the touchpoint that a survey would rate
  bool disappointed = false;      ///< by the last touch
};

/// What a customer is going to do.
struct ScenePlan {
  EventTime due;
  std::uint64_t order{};  ///< of planning, for plans of one time
  std::uint64_t shopper{};
  Scene scene{};
  bool operator<(const ScenePlan& other) const {
    return due != other.due ? due > other.due : order > other.order;  // the soonest on top of a queue
  }
};

/// How many events do not come in the order of their times.
struct Disorder {
  double slight = 0.04;  ///< share that is up to 5 s older than it should be
  double late = 0.004;   ///< share that is 12 to 40 s older

  /// The time of an event that is sent now.
  [[nodiscard]] EventTime time_at(EventTime now, Dice& dice) const;
};

/// For some of the time, one touchpoint is worse than it was: what the detector of drops is to find.
struct Drop {
  std::string touchpoint = "delivery.parcel";
  double depth = 0.45;    ///< of 0..1
  Millis first{120'000};  ///< after the start
  Millis lasts{120'000};
  Millis every{600'000};  ///< from one beginning to the next
};

/// How good the company is at its touchpoints, at each time.
class Quality {
 public:
  Quality(Drop drop, EventTime start) : drop_(std::move(drop)), start_(start) {}
  [[nodiscard]] bool has_dropped(std::string_view touchpoint, EventTime now) const;
  /// What customers think of it on average, 0..1.
  [[nodiscard]] double of(std::string_view touchpoint, EventTime now) const;

 private:
  Drop drop_;
  EventTime start_;
};

/// What an event says, apart from who and when. Texts live as long as the program, or in the touch.
struct Touch {
  struct Rating {
    std::string_view kind;
    std::int64_t units;
    int decimals = 0;
  };
  std::string_view touchpoint{};  ///< of the map; not part of the event
  std::string_view type{};
  std::string_view channel{};
  std::optional<std::int64_t> value_cents{};
  std::optional<std::int64_t> wait_ds{};  ///< tenths of a second
  std::optional<std::int64_t> duration_s{};
  std::optional<Rating> rating{};
  std::string_view about{};
  std::vector<std::pair<std::string_view, std::string>> attributes{};
};

/// A customer nobody has seen before.
[[nodiscard]] Shopper new_shopper(std::string id, Dice& dice);

/// What a visit begins with.
[[nodiscard]] Scene first_scene(const Shopper& shopper, Dice& dice);

/// Plays a scene, which changes the customer. Not for kEnd.
[[nodiscard]] Touch play(Scene scene, Shopper& shopper, const Quality& quality, EventTime now, Dice& dice);

/// The fields of an event but for its id and time.
void write_touch(const Shopper& shopper, const Touch& touch, JsonObject& event);

/// What comes after a scene, and how long after. Days of a real life are minutes here.
struct FollowUp {
  Scene scene;
  Millis after;
};
[[nodiscard]] FollowUp follow(Scene scene, const Shopper& shopper, Dice& dice);

}  // namespace touchstone
