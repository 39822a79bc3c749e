// One customer over HTTP: what is told, and who is not shown.
#include "exporters/customers_api.h"

#include <string>
#include <thread>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "tests/support/maps.h"

namespace touchstone {
namespace {

namespace json = boost::json;

class CustomersApiTest : public ::testing::Test {
 protected:
  [[nodiscard]] HttpResponse get(std::string_view target) const {
    HttpRequest request{.method = "GET"};
    EXPECT_TRUE(read_target(target, request)) << target;
    return customers_route(asked_).handler(request);
  }

  std::shared_ptr<const Rules> rules_ = testing::small_rules();
  CustomersAsked asked_{.ask = [this](const std::string& id) -> Result<CustomerAnswer> {
                          if (id != "A b/ü") return CustomerAnswer{std::nullopt, nullptr, 2};
                          return CustomerAnswer{customer_, rules_, 1};
                        },
                        .partitions = 2};
  Customer customer_;
};

TEST_F(CustomersApiTest, ShowsStageTouchesAndWhatTheyWouldEarn) {
  const TouchpointNo ad = *rules_->touchpoints().find("ad");
  const TouchpointNo page = *rules_->touchpoints().find("page");
  customer_.started = true;
  customer_.stage = *rules_->stages().find("b");
  customer_.segment = rules_->segments().find("gold");
  customer_.highest = time_from_millis(1'763'726'400'000);
  customer_.last_touchpoint = page;
  customer_.conversions = 2;
  customer_.touches = {{{ad, customer_.highest - Millis{1'000}}, 0}, {{page, customer_.highest}, 0}};
  const HttpResponse response = get("/api/v1/customers/A%20b%2F%C3%BC");
  ASSERT_EQ(response.status, 200U) << response.body;
  const json::object told = json::parse(response.body).as_object();
  EXPECT_EQ(told.at("customer"), "A b/ü");
  EXPECT_EQ(told.at("stage"), "b");
  EXPECT_EQ(told.at("segment"), "gold");
  EXPECT_EQ(told.at("conversions"), 2);
  EXPECT_EQ(told.at("last_time"), "2025-11-21T12:00:00.000Z");
  EXPECT_EQ(told.at("touches").as_array().size(), 2U);
  EXPECT_EQ(told.at("credit").at("first"), (json::object{{"ad", 1}}));
  EXPECT_EQ(told.at("credit").at("linear"), (json::object{{"ad", 0.5}, {"page", 0.5}}));
}

TEST_F(CustomersApiTest, SaysWhetherAnotherMayKnow) {
  EXPECT_EQ(get("/api/v1/customers/nobody").status, 404U);
  asked_.partitions = 3;
  EXPECT_EQ(get("/api/v1/customers/nobody").status, 421U);
  EXPECT_EQ(get("/api/v1/customers/nobody?full=1").status, 400U);
  EXPECT_EQ(get("/api/v1/customers/").status, 404U);
}

TEST_F(CustomersApiTest, ShowsNobodyUnderPseudonyms) {
  asked_.pseudonymised = true;
  const HttpResponse response = get("/api/v1/customers/A%20b%2F%C3%BC");
  EXPECT_EQ(response.status, 403U);
  EXPECT_EQ(response.body.find("A b"), std::string::npos);
}

TEST_F(CustomersApiTest, TellsThatNoAnswerCame) {
  Questions questions;
  asked_.ask = [&](const std::string& id) { return questions.ask(id, Millis{1}); };
  EXPECT_EQ(get("/api/v1/customers/x").status, 503U);
}

TEST(Questions, AreAnsweredByWhoServes) {
  Questions questions;
  std::thread asking([&] {
    const auto answer = questions.ask("x", Millis{60'000});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->partitions, 7U);
  });
  bool served = false;
  while (!served) {
    questions.serve([&](const std::string& customer) {
      EXPECT_EQ(customer, "x");
      served = true;
      return CustomerAnswer{std::nullopt, nullptr, 7};
    });
    std::this_thread::yield();
  }
  asking.join();
}

}  // namespace
}  // namespace touchstone
