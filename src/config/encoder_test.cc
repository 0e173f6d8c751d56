// SPDX-License-Identifier: Apache-2.0
#include "config/encoder.h"

#include <gtest/gtest.h>

#include "config/fields.h"

namespace sluice::config {
namespace {

struct EncodedRule {
  std::string host;
  std::vector<std::string> methods;
  void fields(auto& visit) {
    visit("host", host, {.format = Format::name});
    visit("methods", methods, {.format = Format::http_method});
  }
};

struct EncodedSpec {
  std::string name = "a";
  bool keep_alive = true;
  std::uint64_t big = 18'000'000'000'000'000'000U;
  Duration timeout = std::chrono::seconds(90);
  double ratio = 0.25;
  std::optional<int> code;
  std::map<std::string, int> counts{{"x", 1}};
  std::vector<EncodedRule> rules{{}};
  EncodedRule only;
  UndecodedValue rest;
  void fields(auto& visit) {
    visit("name", name);
    visit("keepAlive", keep_alive);
    visit("big", big);
    visit("timeout", timeout);
    visit("ratio", ratio);
    visit("code", code);
    visit("counts", counts);
    visit("rules", rules);
    visit("only", only);
    visit("rest", rest);
  }
};

std::string typed(std::string_view text) {
  const auto document = parse_document(text);
  return document ? Encoder::of(*document).dump() : document.error().message;
}

TEST(Encoder, WritesDefaults) {
  EXPECT_EQ(encode(EncodedSpec{}).dump(),
            R"({"big":18000000000000000000,"counts":{"x":1},"keepAlive":true,"name":"a",)"
            R"("only":{"host":"","methods":[]},"ratio":0.25,)"
            R"("rules":[{"host":"","methods":[]}],"timeout":"1m30s"})");
}

TEST(Encoder, WhatItWritesDecodesToTheSame) {
  EncodedSpec spec;
  spec.big = 7;
  spec.code = 404;
  spec.rest.value = *parse_document("{a: [1, \"1\", true]}");
  const Json first = encode(spec);
  Faults faults;
  const auto again = decode<EncodedSpec>(*parse_document(first.dump()), "", faults);
  EXPECT_TRUE(faults.empty()) << faults.to_error().message;
  EXPECT_EQ(encode(again), first);
}

TEST(EncoderOf, TypesScalarsAsTheCoreSchema) {
  EXPECT_EQ(typed("[true, FALSE, yes, 'true']"), R"([true,false,"yes","true"])");
  EXPECT_EQ(typed("[1, -1, +1, 0, 0x10, 0o17, 012, 1_0]"), R"([1,-1,1,0,16,15,"012","1_0"])");
  EXPECT_EQ(typed("[1.5, .5, 1., 1e3, -2E-2, 1.e, .]"), R"([1.5,0.5,1.0,1000.0,-0.02,"1.e","."])");
  EXPECT_EQ(typed("[9223372036854775808, 99999999999999999999]"), "[9223372036854775808,1e+20]");
  EXPECT_EQ(typed("[.inf, .nan, 1e999, ~, null, \"\"]"), R"([".inf",".nan","1e999",null,null,""])");
  EXPECT_EQ(typed("[2022-07-24, 1.2.3.4, ::1, -, 0x, 0xg]"),
            R"(["2022-07-24","1.2.3.4","::1","-","0x","0xg"])");
}

}  // namespace
}  // namespace sluice::config
