// SPDX-License-Identifier: Apache-2.0
#include "filters/header_lookup/header_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "loop/testing/run_to_completion.h"
#include "pipeline/custom_data.h"
#include "pipeline/exchange.h"

namespace sluice::filters {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

constexpr const char* kFields =
    "headerKey: X-Client\netcdPrefix: /client-info/\nheaderSetters:\n"
    "- {etcdKey: id, headerKey: X-Id}\n- {etcdKey: rank, headerKey: X-Rank}";

std::shared_ptr<const pipeline::FilterPrototype> build(const std::string& yaml,
                                                       config::Faults& faults) {
  const auto value = config::parse_document("name: h\nkind: HeaderLookup\n" + yaml + "\n");
  EXPECT_TRUE(value) << value.error().message;
  return make_header_lookup_kind()->build(*value, {.pipeline = "p", .name = "h", .path = "f"},
                                          faults);
}

class HeaderLookupTest : public ::testing::Test {
 protected:
  HeaderLookupTest() {
    auto items = std::make_shared<pipeline::CustomDataSnapshot::Items>();
    (*items)["ann"] =
        std::make_shared<const Json>(Json{{"id", "7"}, {"rank", 3}, {"list", Json::array()}});
    (*items)["eve"] = std::make_shared<const Json>(Json{{"id", " 7"}, {"rank", "3\t"}});
    (*items)["ann-shop"] = std::make_shared<const Json>(Json{{"id", "8"}, {"rank", "a\nb"}});
    slot_.put(std::make_shared<pipeline::CustomDataSnapshot>(
        pipeline::CustomDataSnapshot::Kinds{{"client-info", items}}));
  }
  using Fields = std::vector<std::pair<std::string, std::string>>;

  // The headers of the request after the filter, without X-Client.
  std::string run(const std::string& more, const Fields& fields, std::string_view path = "/") {
    config::Faults faults;
    const auto prototype = build(kFields + more, faults);
    EXPECT_THAT(faults.lines(), ElementsAre());
    exchange_.clear();
    exchange_.custom_data = &slot_;
    EXPECT_TRUE(exchange_.request()->set_target(path));
    for (const auto& [name, value] : fields) exchange_.request()->headers.add(name, value);
    const auto filter = prototype->instantiate(core_);
    EXPECT_EQ(loop::run_to_completion(loop_, filter->handle(exchange_)), "");
    exchange_.request()->headers.remove("X-Client");
    std::string text;
    for (const auto& [name, value] : exchange_.request()->headers) text += name + "=" + value + " ";
    for (const std::string& tag : exchange_.tags()) text += "|" + tag;
    return text;
  }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  pipeline::CustomDataSlot slot_;
  pipeline::Exchange exchange_{core_};
};

TEST_F(HeaderLookupTest, SetsHeadersFromTheItem) {
  EXPECT_EQ(run("", {{"x-client", "ann"}}), "X-Id=7 X-Rank=3 ");
  EXPECT_EQ(run("", {{"x-client", "bob"}}), "|headerLookup: no item");
  EXPECT_EQ(run("", {}), "|headerLookup: no item");
}

TEST_F(HeaderLookupTest, AValueThatTheBackendWouldStripIsNone) {
  EXPECT_EQ(run("", {{"x-client", "eve"}}), "");
}

TEST_F(HeaderLookupTest, ThePathIsPartOfTheId) {
  constexpr const char* kPath = "\npathRegExp: '^/api/([a-z]+)'";
  EXPECT_EQ(run(kPath, {{"X-Client", "ann"}}, "/api/shop/1"), "X-Id=8 ") << "no line break";
  EXPECT_EQ(run(kPath, {{"X-Client", "ann"}}, "/other"), "X-Id=7 X-Rank=3 ");
  EXPECT_EQ(run(kPath, {{"X-Client", "ann"}}, "/api/none"), "|headerLookup: no item");
}

TEST_F(HeaderLookupTest, TheClientSetsNoneOfThem) {
  const Fields forged = {{"X-Client", "bob"}, {"X-Id", "1"}, {"x_rank", "2"}, {"X-Other", "3"}};
  EXPECT_EQ(run("", forged), "X-Other=3 |headerLookup: no item");
}

TEST_F(HeaderLookupTest, TwoIdsAreNone) {
  EXPECT_EQ(run("", {{"X-Client", "ann"}, {"X-Client", "bob"}}), "|headerLookup: no item");
  EXPECT_EQ(run("", {{"X-Client", "ann"}, {"X-Client", "ann"}}), "X-Id=7 X-Rank=3 ");
}

TEST_F(HeaderLookupTest, WorksWithoutCustomData) {
  slot_.put(nullptr);
  EXPECT_EQ(run("", {{"X-Client", "ann"}}), "|headerLookup: no item");
}

TEST(HeaderLookupFaults, NameTheirPlace) {
  const auto faults_of = [](const std::string& yaml) {
    config::Faults faults;
    EXPECT_EQ(build(yaml, faults), nullptr);
    return faults.lines();
  };
  EXPECT_THAT(faults_of(""), ElementsAre("f.headerKey: is required", "f.etcdPrefix: is required",
                                         "f.headerSetters: is required"));
  const std::string head = "headerKey: A\netcdPrefix: b\n";
  EXPECT_THAT(faults_of(head + "headerSetters: [{etcdKey: a, headerKey: Host}]"),
              ElementsAre("f.headerSetters[0].headerKey: \"Host\" belongs to the connection"));
  EXPECT_THAT(
      faults_of("headerKey: a b\netcdPrefix: b\nheaderSetters: [{etcdKey: a, headerKey: B}]"),
      ElementsAre("f.headerKey: \"a b\" is not a header name"));
  const std::string setters = "headerSetters: [{etcdKey: a, headerKey: B}]\npathRegExp: ";
  EXPECT_THAT(faults_of(head + setters + "'('"), ElementsAre(StartsWith("f.pathRegExp: ")));
  EXPECT_THAT(faults_of(head + setters + "'a'"),
              ElementsAre(StartsWith("f.pathRegExp: has no group")));
}

}  // namespace
}  // namespace sluice::filters
