#include "exporters/customers_api.h"

#include <string_view>
#include <utility>
#include <vector>

#include "engine/model/credit.h"
#include "engine/wire/json.h"

namespace touchstone {
namespace {

constexpr std::string_view kCustomersPath = "/api/v1/customers/";
constexpr std::size_t kLongestId = 1'024;

/// Appends `[...]`, each element by `append(element, out)`.
template <typename Range, typename Append>
void append_list(const Range& range, std::string& out, const Append& append) {
  out.push_back('[');
  bool first = true;
  for (const auto& element : range) {
    if (!std::exchange(first, false)) out.push_back(',');
    append(element, out);
  }
  out.push_back(']');
}

/// The credit that each model would give if the customer converted now, so that people see what the path is worth.
void put_credit(const std::vector<PathTouch>& path, EventTime now, const Rules& rules, JsonObject& object) {
  if (path.empty()) return;
  JsonObject models(object.member("credit"));
  for (std::size_t model = 0; model < kCreditModels; ++model) {
    const auto credits = split_credit(static_cast<CreditModel>(model), path, {.time = now, .value = 0},
                                      rules.settings().decay_half_life);
    JsonObject shares(models.member(kCreditModelNames[model]));
    for (const Credit& credit : credits) {
      shares.fixed(rules.touchpoints().id(credit.touchpoint), credit.share, kMillionthDecimals);
    }
  }
}

}  // namespace

std::string customer_json(const std::string& id, const Customer& customer, const Rules& rules) {
  std::string out;
  {
    JsonObject object(out);
    object.text("customer", id);
    object.text("segment", customer.segment ? std::string_view(rules.segments().id(*customer.segment)) : kOtherId);
    object.text("stage", rules.stages().id(customer.stage));
    object.time("stage_since", customer.stage_since);
    object.flag("lapsed", customer.lapsed);
    object.text("last_touchpoint", rules.touchpoints().id(customer.last_touchpoint));
    object.time("last_time", customer.highest);
    if (!customer.lapsed) object.time("lapses_at", customer.due(rules));
    object.integer("conversions", customer.conversions);
    append_list(customer.touches, object.member("touches"), [&](const RememberedTouch& each, std::string& to) {
      JsonObject touch(to);
      touch.text("touchpoint", rules.touchpoints().id(each.touch.touchpoint));
      touch.time("time", each.touch.time);
    });
    append_list(customer.rateable, object.member("rateable"), [&](const RateableTouch& each, std::string& to) {
      JsonObject touch(to);
      touch.text("touchpoint", rules.touchpoints().id(each.touchpoint));
      touch.text("channel", rules.channels().id(each.channel));
      touch.time("time", each.time);
    });
    put_credit(path_at(customer, customer.highest, rules.settings()), customer.highest, rules, object);
  }
  return out;
}

HttpRoute customers_route(CustomersAsked asked) {
  return {.method = "GET",
          .path = std::string(kCustomersPath),
          .handler =
              [asked = std::move(asked)](const HttpRequest& request) {
                const std::string id = request.path.substr(kCustomersPath.size());
                if (!request.parameters.empty()) return json_error(400, "unknown parameter; there are none");
                if (id.empty() || id.size() > kLongestId) return json_error(404, "there is nothing at this path");
                if (asked.pseudonymised) {
                  return json_error(403, "with privacy.pseudonymise no customer is shown by an id");
                }
                const Result<CustomerAnswer> answer = asked.ask(id);
                if (!answer) return json_error(503, answer.error().message());
                if (answer->customer)
                  return HttpResponse{.body = customer_json(id, *answer->customer, *answer->rules) + "\n"};
                if (answer->partitions < asked.partitions) {
                  return json_error(421,
                                    "no such customer is known here; another instance may know, as this one holds " +
                                        std::to_string(answer->partitions) + " of " + std::to_string(asked.partitions) +
                                        " partitions now");
                }
                return json_error(404, "no such customer is known");
              },
          .match = PathMatch::kPrefix};
}

}  // namespace touchstone
