// SPDX-License-Identifier: Apache-2.0
#include "config/decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/fields.h"

namespace sluice::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct DecodedRule {
  std::string backend;
  std::vector<std::string> methods;
  std::string path;
  void fields(auto& visit) {
    visit("backend", backend, {.required = true, .format = Format::name});
    visit("methods", methods, {.max = 3, .format = Format::http_method, .unique = true});
    visit("path", path, {.format = Format::path});
  }
};

struct DecodedSpec {
  std::string kind;
  bool https = false;
  std::uint16_t port = 80;
  std::int64_t big = 0;
  Duration timeout = std::chrono::milliseconds(100);
  double ratio = 0.5;
  std::string policy;
  std::optional<int> code;
  std::map<std::string, std::string> labels;
  std::vector<DecodedRule> rules;
  UndecodedValue rest;
  void fields(auto& visit) {
    visit("kind", kind, {.required = true});
    visit("https", https);
    visit("port", port, {.min = 1});
    visit("big", big);
    visit("timeout", timeout, {.min = 0, .max = 60'000'000'000});
    visit("ratio", ratio, {.min = 0, .max = 1});
    visit("policy", policy, {.one_of = {"roundRobin", "random"}});
    visit("code", code, {.min = 100, .max = 599});
    visit("labels", labels);
    visit("rules", rules);
    visit("rest", rest);
    visit.ignore("createdAt");
  }
  void validate(const std::string& path, Faults& faults) const {
    if (https && port == 80) faults.add(join_path(path, "port"), "80 is for plain HTTP");
  }
};

Value parse(std::string_view text) {
  auto document = parse_document(text);
  EXPECT_TRUE(document) << document.error().message;
  return document ? *std::move(document) : Value{};
}

std::vector<std::string> faults_of(std::string_view text, const std::string& path = "") {
  Faults faults;
  static_cast<void>(decode<DecodedSpec>(parse(text), path, faults));
  return faults.lines();
}

TEST(Decoder, FillsASpec) {
  Faults faults;
  const auto spec = decode<DecodedSpec>(parse(R"(
kind: x
https: True
port: 0x1bb
big: -9223372036854775808
timeout: 1.5s
ratio: 1
policy: random
code: 204
labels: {a: b, easegress/owner: 12}
rules: [{backend: p1, methods: [GET, PUT]}, {backend: 2.0}]
rest: {anything: [1]}
createdAt: 2022-07-24T00:00:00Z
)"),
                                        "", faults);
  EXPECT_THAT(faults.lines(), IsEmpty());
  EXPECT_TRUE(spec.https);
  EXPECT_EQ(spec.port, 443);
  EXPECT_EQ(spec.big, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(spec.timeout, std::chrono::milliseconds(1500));
  EXPECT_EQ(spec.ratio, 1.0);
  EXPECT_EQ(spec.policy, "random");
  EXPECT_EQ(spec.code, 204);
  EXPECT_EQ(spec.labels.at("easegress/owner"), "12");
  ASSERT_EQ(spec.rules.size(), 2U);
  EXPECT_THAT(spec.rules[0].methods, ElementsAre("GET", "PUT"));
  EXPECT_EQ(spec.rules[1].backend, "2.0");
  EXPECT_NE(spec.rest.value.find("anything"), nullptr);
}

TEST(Decoder, NullMeansAbsent) {
  EXPECT_THAT(faults_of("{kind: x, port: , rules: ~, labels: null}"), IsEmpty());
  EXPECT_THAT(faults_of("{kind: }"), ElementsAre("kind: is required"));
}

TEST(Decoder, ReportsEveryFaultWithItsPath) {
  EXPECT_THAT(faults_of("{https: yes, port: 99999, rules: [{backnd: p, path: a}]}"),
              ElementsAre("kind: is required", "https: \"yes\" is not true or false",
                          "port: 99999 is over 65535", "rules[0].backend: is required",
                          "rules[0].path: \"a\" is not a path, it must begin with /",
                          "rules[0].backnd: is unknown, did you mean \"backend\"?"));
}

TEST(Decoder, PutsThePathInFront) {
  EXPECT_THAT(
      faults_of("{kind: x, timeout: 100}", "filters[0]"),
      ElementsAre(
          "filters[0].timeout: \"100\" is not a duration: it has no unit, is it 100s or 100ms?"));
}

struct FaultCase {
  std::string_view text;
  std::string_view fault;
};

TEST(Decoder, SaysWhatToDo) {
  const std::vector<FaultCase> cases{
      {"rules: {a: 1}", "rules: must be a list, is a map"},
      {"rules: abc", "rules: must be a list, is \"abc\""},
      {"rules: [1]", "rules[0]: must be a map, is \"1\""},
      {"rules: [~]", "rules[0]: must be a map, is empty"},
      {"labels: [a]", "labels: must be a map, is a list"},
      {"labels: {a.b: [1]}", "labels[\"a.b\"]: must be text, is a list"},
      {"policy: [a]", "policy: must be text, is a list"},
      {"policy: Random",
       "policy: \"Random\" is not one of roundRobin, random, did you mean \"random\"?"},
      {"https: \"true\"", "https: \"true\" is text, write true without quotes"},
      {"https: 1", "https: \"1\" is not true or false"},
      {"port: \"80\"", "port: \"80\" is text, write 80 without quotes"},
      {"port: 0", "port: 0 is under 1"},
      {"port: 8e1", "port: \"8e1\" is not a whole number"},
      {"port: 080", "port: 080 has a leading zero, write 80, or 0o80 if it is octal"},
      {"port: 99999999999999999999999", "port: 99999999999999999999999 is over 65535"},
      {"port: -99999999999999999999999", "port: -99999999999999999999999 is under 1"},
      {"big: 9223372036854775808", "big: 9223372036854775808 is over 9223372036854775807"},
      {"code: 600", "code: 600 is over 599"},
      {"ratio: 1.5", "ratio: 1.5 is over 1"},
      {"ratio: -0.1", "ratio: -0.1 is under 0"},
      {"ratio: .nan", "ratio: \".nan\" is not a number"},
      {"timeout: -1s", "timeout: -1s is under 0s"},
      {"timeout: 2m", "timeout: 2m is over 1m"},
      {"timeout: soon", "timeout: \"soon\" is not a duration, such as 100ms"},
      {"timeout: [1s]", "timeout: must be a duration such as 100ms, is a list"},
      {"rules: [{backend: \"\"}]",
       "rules[0].backend: \"\" is not a name: 1 to 253 characters of "
       "A-Z a-z 0-9 - _ . ~, and neither . nor .."},
      {"rules: [{backend: b, methods: [GET, PUT, GET]}]",
       "rules[0].methods[2]: \"GET\" is given twice"},
      {"rules: [{backend: b, methods: [GET, PUT, POST, HEAD]}]",
       "rules[0].methods: has 4 items, at most 3 allowed"},
      {"Https: true", "Https: is unknown, did you mean \"https\"?"},
      {"zzzzzz: 1", "zzzzzz: is unknown"},
      {"https: true", "port: 80 is for plain HTTP"}};
  for (const FaultCase& each : cases) {
    EXPECT_THAT(faults_of("kind: x\n" + std::string(each.text)), ElementsAre(each.fault))
        << each.text;
  }
}

TEST(Decoder, AcceptsZeroDuration) { EXPECT_THAT(faults_of("{kind: x, timeout: 0}"), IsEmpty()); }

TEST(Decoder, EmptyStringPassesWhereNothingIsRequired) {
  EXPECT_THAT(faults_of("{kind: x, policy: \"\", rules: [{backend: b, path: \"\"}]}"), IsEmpty());
}

struct LenientSpec {
  int passes = 1;
  std::vector<std::string> tags;
  Duration timeout = std::chrono::seconds(1);
  std::optional<int> port;
  int weight = 7;
  std::vector<int> codes = {200};

  void fields(auto& visit) {
    visit("passes", passes, {.misspelt = {"pass"}});
    visit("tags", tags, {.misspelt = {"serversTags"}});
    visit("timeout", timeout);
    visit("port", port);
    visit("weight", weight);
    visit("codes", codes, {.min = 1});
    visit.note("compression", "it belongs elsewhere");
  }
};

LenientSpec lenient(const std::string& text, Faults& faults) {
  return decode<LenientSpec>(*parse_document(text), "pool", faults);
}

TEST(Decoder, ReadsMisspellingsThatAreInUse) {
  Faults faults;
  const auto spec = lenient("{pass: 3, serversTags: [a]}", faults);
  EXPECT_TRUE(faults.empty());
  EXPECT_EQ(spec.passes, 3);
  EXPECT_EQ(spec.tags, std::vector<std::string>{"a"});
  EXPECT_EQ(faults.warnings(), (std::vector<std::string>{"pool.pass: read as passes",
                                                         "pool.serversTags: read as tags"}));
  EXPECT_EQ(encode(spec).contains("pass"), false);
  EXPECT_EQ(schema<LenientSpec>()["properties"].contains("pass"), false);
}

TEST(Decoder, OtherMisspellingsStayFaults) {
  Faults faults;
  (void)lenient("{pases: 3}", faults);
  EXPECT_EQ(faults.lines(),
            (std::vector<std::string>{"pool.pases: is unknown, did you mean \"passes\"?"}));
  Faults both;
  (void)lenient("{pass: 3, passes: 3}", both);
  EXPECT_EQ(both.lines(),
            std::vector<std::string>{"pool.pass: stands beside passes: leave it out"});
}

TEST(Decoder, WarnsOfWhatHasNoEffect) {
  Faults faults;
  (void)lenient("{compression: {minLength: 1}}", faults);
  EXPECT_TRUE(faults.empty());
  EXPECT_EQ(faults.warnings(),
            std::vector<std::string>{"pool.compression: has no effect: it belongs elsewhere"});
  Faults none;
  (void)lenient("{compression: {}}", none);
  EXPECT_TRUE(none.warnings().empty());
}

// As tools write what was not given.
TEST(Decoder, EmptyValuesStandForNone) {
  Faults faults;
  const auto spec = lenient(R"({timeout: "", port: "", weight: "", codes: []})", faults);
  EXPECT_TRUE(faults.empty());
  EXPECT_EQ(spec.timeout, std::chrono::seconds(1));
  EXPECT_EQ(spec.port, std::nullopt);
  EXPECT_EQ(spec.weight, 7);
  EXPECT_EQ(spec.codes, std::vector<int>{200});
  Faults list;
  (void)lenient(R"({codes: [""]})", list);
  EXPECT_EQ(list.count(), 1U);
}

}  // namespace
}  // namespace sluice::config
