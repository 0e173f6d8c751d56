// SPDX-License-Identifier: Apache-2.0
// Covers: cors_policy.cc
#include "filters/cors_adaptor/cors_adaptor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "loop/testing/run_to_completion.h"
#include "pipeline/exchange.h"

namespace sluice::filters {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::shared_ptr<const pipeline::FilterPrototype> build(const std::string& yaml,
                                                       config::Faults& faults) {
  const auto value = config::parse_document("name: c\nkind: CORSAdaptor\n" + yaml + "\n");
  EXPECT_TRUE(value) << value.error().message;
  return make_cors_adaptor_kind()->build(*value, {.pipeline = "p", .name = "c", .path = "f"},
                                         faults);
}

std::vector<std::string> faults_of(const std::string& yaml) {
  config::Faults faults;
  EXPECT_EQ(build(yaml, faults), nullptr);
  return faults.lines();
}

std::string text_of(const http::Headers& headers) {
  std::string text;
  for (const auto& [name, value] : headers) text.append(name + ": " + value + "\n");
  return text;
}

class CorsAdaptorTest : public ::testing::Test {
 protected:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  // The result, and the fields of the response after the flow: a backend answered with `backend`.
  std::string run(const std::string& yaml, const std::string& method, const Fields& fields,
                  const Fields& backend = {}) {
    config::Faults faults;
    const auto prototype = build(yaml, faults);
    EXPECT_THAT(faults.lines(), ElementsAre());
    const auto filter = prototype->instantiate(core_);
    exchange_.clear();
    exchange_.request()->method = method;
    for (const auto& [name, value] : fields) exchange_.request()->headers.add(name, value);
    const std::string result(loop::run_to_completion(loop_, filter->handle(exchange_)));
    if (exchange_.response() == nullptr) {
      exchange_.request()->method = "CHANGED";
      exchange_.request()->headers.clear();
      for (const auto& [name, value] : backend)
        exchange_.ensure_response().headers.add(name, value);
      for (const auto& added : exchange_.response_sides())
        loop::run_to_completion(loop_, added.side->respond(exchange_));
    }
    const http::Response* response = exchange_.response();
    return result + "\n" + (response == nullptr ? "none" : text_of(response->headers));
  }
  std::string preflight(const std::string& yaml, const std::string& origin,
                        const std::string& method, const std::string& names = "") {
    Fields fields = {{"Origin", origin}, {"Access-Control-Request-Method", method}};
    if (!names.empty()) fields.emplace_back("Access-Control-Request-Headers", names);
    const std::string text = run(yaml, "OPTIONS", fields);
    EXPECT_EQ(exchange_.response()->status, 204);
    const std::string head =
        "preflighted\nVary: Origin, Access-Control-Request-Method, "
        "Access-Control-Request-Headers\n";
    EXPECT_THAT(text, StartsWith(head));
    return text.substr(std::min(head.size(), text.size()));
  }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  pipeline::Exchange exchange_{core_};
};

constexpr const char* kShop = "allowedOrigins: ['https://*.shop.example', 'http://a.example:81']";
constexpr const char* kAllowed = "Access-Control-Allow-Origin: https://www.shop.example\n";

TEST_F(CorsAdaptorTest, AnswersPreflights) {
  EXPECT_EQ(preflight(kShop, "https://www.shop.example", "POST"),
            std::string(kAllowed) + "Access-Control-Allow-Methods: POST\n");
  EXPECT_EQ(
      preflight("allowedHeaders: [X-Token]\nmaxAge: 60", "https://a", "GET", "x-token, ORIGIN"),
      "Access-Control-Allow-Origin: *\nAccess-Control-Allow-Methods: GET\n"
      "Access-Control-Allow-Headers: x-token, origin\nAccess-Control-Max-Age: 60\n");
  EXPECT_THAT(preflight("allowedHeaders: ['*']\nmaxAge: -1", "https://a", "GET", "x-any"),
              HasSubstr("Access-Control-Allow-Headers: x-any\nAccess-Control-Max-Age: 0\n"));
  EXPECT_EQ(preflight(std::string(kShop) + "\nallowCredentials: true", "https://www.shop.example",
                      "HEAD"),
            std::string(kAllowed) +
                "Access-Control-Allow-Credentials: true\nAccess-Control-Allow-Methods: HEAD\n");
}

TEST_F(CorsAdaptorTest, APreflightForSomethingElseAllowsNothing) {
  EXPECT_EQ(preflight(kShop, "https://evil.example", "GET"), "");
  EXPECT_EQ(preflight(kShop, "https://www.shop.example", "DELETE"), "");
  EXPECT_EQ(preflight(kShop, "https://www.shop.example", "GET", "x-other"), "");
  EXPECT_EQ(preflight("allowedHeaders: ['*']", "https://a", "GET", "a b"), "");
  std::string many = "x";
  for (int i = 0; i < 64; ++i) many += ",x";
  EXPECT_EQ(preflight("allowedHeaders: ['*']", "https://a", "GET", many), "");
}

TEST_F(CorsAdaptorTest, MarksResponsesOfOthers) {
  EXPECT_EQ(run(kShop, "GET", {{"Origin", "https://www.shop.example"}}, {{"X-A", "1"}}),
            "\nX-A: 1\nVary: Origin\n" + std::string(kAllowed));
  EXPECT_EQ(run(std::string(kShop) + "\nexposedHeaders: [X-A, X-B]", "GET",
                {{"Origin", "http://A.example:81"}}, {{"Vary", "Accept, origin"}}),
            "\nVary: Accept, origin\nAccess-Control-Allow-Origin: http://A.example:81\n"
            "Access-Control-Expose-Headers: X-A, X-B\n");
  EXPECT_EQ(run(kShop, "DELETE", {{"Origin", "https://www.shop.example"}}, {{"X-A", "1"}}),
            "\nX-A: 1\nVary: Origin\n");
}

TEST_F(CorsAdaptorTest, ReplacesTheFieldsOfTheBackend) {
  EXPECT_EQ(
      run(kShop, "GET", {{"Origin", "https://www.shop.example"}},
          {{"access-control-allow-origin", "*"}, {"Access-Control-Allow-Credentials", "true"}}),
      "\nVary: Origin\n" + std::string(kAllowed));
  EXPECT_EQ(run(kShop, "GET", {}, {{"Access-Control-Allow-Origin", "*"}}), "\nVary: Origin\n");
}

TEST_F(CorsAdaptorTest, RejectsOtherOrigins) {
  const std::vector<std::string> others = {
      "https://evil.example",          "https://www.shop.example.evil.example",
      "http://www.shop.example",       "https://evil.example/.shop.example",
      "https://evil@www.shop.example", "null",
      "https://a.example:81",          ""};
  for (const std::string& origin : others) {
    EXPECT_EQ(run(kShop, "GET", {{"Origin", origin}}), "rejected\nVary: Origin\n") << origin;
    EXPECT_EQ(exchange_.response()->status, 403);
  }
  EXPECT_THAT(run("", "GET", {{"Origin", "https://a"}, {"Origin", "https://b"}}),
              StartsWith("rejected\n"));
}

TEST_F(CorsAdaptorTest, RequestsWithoutOriginPass) {
  EXPECT_EQ(run(kShop, "GET", {}), "\nnone");
  EXPECT_EQ(run(kShop, "OPTIONS", {{"Access-Control-Request-Method", "GET"}}), "\nnone");
  EXPECT_EQ(run("", "GET", {{"Origin", "null"}}, {{"X-A", "1"}}),
            "\nX-A: 1\nVary: Origin\nAccess-Control-Allow-Origin: *\n");
}

TEST_F(CorsAdaptorTest, FaultsNameTheirPlace) {
  EXPECT_THAT(faults_of("allowedOrigins: ['http://*.*']"),
              ElementsAre("f.allowedOrigins[0]: has more than one *"));
  EXPECT_THAT(faults_of("allowedOrigins: ['a b']"),
              ElementsAre(StartsWith("f.allowedOrigins[0]: \"a b\" is not an origin")));
  EXPECT_THAT(faults_of("allowCredentials: true"),
              ElementsAre(StartsWith("f.allowCredentials: needs names in allowedOrigins")));
  for (const char* origin : {"https://a/", "a.example", "*.example", "*://a.example", "https://",
                             "https://u@a.example", "https://a.example/*", ""})
    EXPECT_THAT(faults_of("allowedOrigins: ['" + std::string(origin) + "']"),
                ElementsAre(HasSubstr(" is not an origin")))
        << origin;
  for (const char* origin : {"http://a.example:80", "HTTPS://a.example:443", "https://*:443"})
    EXPECT_THAT(faults_of("allowedOrigins: ['" + std::string(origin) + "']"),
                ElementsAre(HasSubstr("the usual port")))
        << origin;
  for (const char* origin : {"null", "https://*", "https://*.com", "https://*.com:8443",
                             "https://a*", "https://*a.example", "https://a.example*", "https://*.",
                             "https://*..com", "https://*.com.", "https://[*"})
    EXPECT_THAT(
        faults_of("allowCredentials: true\nallowedOrigins: ['" + std::string(origin) + "']"),
        ElementsAre(StartsWith("f.allowedOrigins[0]: with allowCredentials")))
        << origin;
  EXPECT_THAT(faults_of("allowedMethods: [get]"), ElementsAre(StartsWith("f.allowedMethods[0]: ")));
  EXPECT_THAT(faults_of("allowedHeaders: ['a b']"),
              ElementsAre("f.allowedHeaders[0]: \"a b\" is not a header name"));
  EXPECT_THAT(faults_of("exposedHeaders: ['']"),
              ElementsAre("f.exposedHeaders[0]: \"\" is not a header name"));
  EXPECT_THAT(faults_of("maxAge: -2"), ElementsAre(StartsWith("f.maxAge: ")));
}

}  // namespace
}  // namespace sluice::filters
