// Which scene follows which: the tables of shopping.h.
#include <array>
#include <numeric>
#include <span>

#include "app/shopping.h"

namespace touchstone {
namespace {

struct Way {
  Scene to;
  int weight;
  int soonest_s;
  int latest_s;
};

using enum Scene;

/// Milliseconds for each second of the tables: these customers are in a hurry.
constexpr std::int64_t kPace = 500;

constexpr Way kAfterAdSearch[] = {
    {kPage, 30, 2, 8}, {kSearch, 30, 2, 8}, {kProduct, 20, 2, 8}, {kAdDisplay, 10, 5, 20}, {kEnd, 10, 1, 5}};
constexpr Way kAfterAdDisplay[] = {
    {kAdSearch, 15, 5, 20}, {kPage, 25, 2, 8}, {kApp, 10, 2, 8}, {kStore, 10, 10, 30}, {kEnd, 40, 1, 5}};
constexpr Way kAfterMention[] = {{kPage, 30, 3, 10}, {kApp, 20, 3, 10}, {kEnd, 50, 1, 5}};
constexpr Way kAfterSearch[] = {{kProduct, 60, 2, 8}, {kSearch, 15, 3, 8}, {kPage, 10, 2, 8}, {kEnd, 15, 1, 5}};
constexpr Way kAfterApp[] = {{kApp, 40, 2, 10}, {kSearch, 10, 2, 8}, {kOrder, 12, 5, 20},
                             {kChat, 5, 5, 15}, {kStore, 5, 10, 30}, {kEnd, 28, 1, 5}};
constexpr Way kAfterPage[] = {
    {kProduct, 40, 2, 10}, {kSearch, 20, 2, 8}, {kPage, 15, 2, 10}, {kStore, 5, 10, 30}, {kEnd, 20, 1, 5}};
constexpr Way kAfterProduct[] = {{kProduct, 30, 3, 12}, {kBasket, 28, 3, 12}, {kSearch, 10, 2, 8}, {kStore, 8, 10, 30},
                                 {kChat, 5, 5, 15},     {kCall, 4, 5, 15},    {kEnd, 15, 1, 5}};
constexpr Way kAfterBasket[] = {
    {kBasket, 25, 3, 12}, {kOrder, 50, 5, 15}, {kChat, 4, 3, 10}, {kProduct, 6, 3, 10}, {kEnd, 15, 1, 5}};
constexpr Way kAfterNewsletter[] = {{kProduct, 35, 2, 8}, {kPage, 25, 2, 8}, {kApp, 10, 2, 8}, {kEnd, 30, 1, 5}};
constexpr Way kAfterStore[] = {{kTill, 55, 8, 30}, {kSurvey, 5, 5, 20}, {kProduct, 10, 5, 20}, {kEnd, 30, 1, 5}};
constexpr Way kAfterTill[] = {
    {kUse, 35, 15, 60}, {kSurvey, 20, 8, 30}, {kClub, 15, 3, 12}, {kReturn, 4, 15, 60}, {kEnd, 26, 1, 5}};
constexpr Way kAfterOrder[] = {{kInvoice, 45, 3, 15}, {kDelivery, 55, 10, 45}};
constexpr Way kAfterInvoice[] = {{kDelivery, 96, 8, 40}, {kCall, 4, 5, 20}};
constexpr Way kAfterDelivery[] = {{kSurvey, 35, 4, 20}, {kUse, 32, 10, 40},   {kCall, 6, 4, 20},
                                  {kChat, 5, 4, 20},    {kReturn, 6, 15, 60}, {kEnd, 16, 1, 5}};
constexpr Way kAfterUse[] = {{kReview, 30, 5, 25},    {kSurvey, 10, 5, 25}, {kMention, 12, 5, 25}, {kClub, 10, 5, 25},
                             {kRecommend, 12, 5, 25}, {kUse, 10, 10, 40},   {kEnd, 16, 1, 5}};
constexpr Way kAfterService[] = {{kSurvey, 15, 4, 20}, {kProduct, 12, 3, 12},  {kOrder, 8, 3, 12},
                                 {kUse, 10, 10, 40},   {kComplaint, 4, 4, 20}, {kEnd, 51, 1, 5}};
constexpr Way kAfterComplaint[] = {{kResolved, 85, 8, 35}, {kEnd, 15, 1, 5}};
constexpr Way kAfterResolved[] = {
    {kSurvey, 15, 4, 20}, {kReturn, 15, 8, 30}, {kRecommend, 10, 4, 20}, {kEnd, 60, 1, 5}};
constexpr Way kAfterReturn[] = {{kSurvey, 15, 4, 20}, {kProduct, 15, 3, 12}, {kEnd, 70, 1, 5}};
constexpr Way kAfterAnswer[] = {{kClub, 15, 4, 20}, {kMention, 10, 4, 20}, {kNewsletter, 10, 4, 20}, {kEnd, 65, 1, 5}};
constexpr Way kAfterClub[] = {{kApp, 20, 3, 12}, {kNewsletter, 15, 3, 12}, {kEnd, 65, 1, 5}};
constexpr Way kAfterDisappointment[] = {{kComplaint, 55, 3, 15}, {kCall, 30, 3, 15}, {kChat, 15, 3, 15}};

constexpr Way kFirstOfNew[] = {{kAdSearch, 22, 0, 0}, {kAdDisplay, 22, 0, 0}, {kMention, 6, 0, 0},
                               {kSearch, 15, 0, 0},   {kPage, 17, 0, 0},      {kApp, 6, 0, 0},
                               {kStore, 9, 0, 0},     {kNewsletter, 3, 0, 0}};
constexpr Way kFirstOfKnown[] = {{kNewsletter, 20, 0, 0}, {kApp, 18, 0, 0},      {kSearch, 12, 0, 0},
                                 {kProduct, 10, 0, 0},    {kStore, 15, 0, 0},    {kClub, 9, 0, 0},
                                 {kUse, 8, 0, 0},         {kRecommend, 4, 0, 0}, {kAdDisplay, 4, 0, 0}};

std::span<const Way> ways_from(Scene scene) {
  switch (scene) {
    case kAdSearch:
      return kAfterAdSearch;
    case kAdDisplay:
      return kAfterAdDisplay;
    case kMention:
      return kAfterMention;
    case kSearch:
      return kAfterSearch;
    case kApp:
      return kAfterApp;
    case kPage:
      return kAfterPage;
    case kProduct:
      return kAfterProduct;
    case kBasket:
      return kAfterBasket;
    case kNewsletter:
      return kAfterNewsletter;
    case kStore:
      return kAfterStore;
    case kTill:
      return kAfterTill;
    case kOrder:
      return kAfterOrder;
    case kInvoice:
      return kAfterInvoice;
    case kDelivery:
      return kAfterDelivery;
    case kUse:
      return kAfterUse;
    case kCall:
    case kChat:
      return kAfterService;
    case kComplaint:
      return kAfterComplaint;
    case kResolved:
      return kAfterResolved;
    case kReturn:
      return kAfterReturn;
    case kClub:
      return kAfterClub;
    case kRecommend:
    case kSurvey:
    case kReview:
    case kEnd:
      break;
  }
  return kAfterAnswer;
}

const Way& choose(std::span<const Way> ways, Dice& dice) {
  const int all =
      std::accumulate(ways.begin(), ways.end(), 0, [](int sum, const Way& way) { return sum + way.weight; });
  auto left = dice.between(0, all - 1);
  for (const Way& way : ways) {
    left -= way.weight;
    if (left < 0) return way;
  }
  return ways.back();
}

}  // namespace

Scene first_scene(const Shopper& shopper, Dice& dice) {
  return choose(shopper.purchases == 0 ? std::span<const Way>(kFirstOfNew) : kFirstOfKnown, dice).to;
}

FollowUp follow(Scene scene, const Shopper& shopper, Dice& dice) {
  // Who complains already, or has just been listened to, does not begin another complaint.
  const bool may_complain = scene == kDelivery || scene == kTill || scene == kReturn || scene == kSurvey;
  const bool complains = may_complain && shopper.disappointed && dice.chance(0.25);
  const Way& way = choose(complains ? std::span<const Way>(kAfterDisappointment) : ways_from(scene), dice);
  return {way.to, Millis{dice.between(way.soonest_s * kPace, way.latest_s * kPace)}};
}

}  // namespace touchstone
