// SPDX-License-Identifier: Apache-2.0
#include "tracing/context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace sluice::tracing {
namespace {

using ::testing::Optional;

constexpr TraceId kTrace{0x4bf92f3577b34da6, 0xa3ce929d0e0e4736};
constexpr SpanId kSpan = 0x00f067aa0ba902b7;
constexpr std::string_view kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

http::Headers headers(const std::vector<std::pair<std::string, std::string>>& fields) {
  http::Headers out;
  for (const auto& [name, value] : fields) out.add(name, value);
  return out;
}

std::string get(const http::Headers& of, std::string_view name) {
  return std::string(of.get(name).value_or("-"));
}

TEST(Traceparent, IsRead) {
  EXPECT_THAT(parse_traceparent(kParent), Optional(Given{kTrace, kSpan, true}));
  EXPECT_THAT(parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"),
              Optional(Given{kTrace, kSpan, false}));
  // Flags that are not known count for nothing, and later versions may be longer.
  EXPECT_THAT(parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-fe"),
              Optional(Given{kTrace, kSpan, false}));
  EXPECT_THAT(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03-more"),
              Optional(Given{kTrace, kSpan, true}));
  EXPECT_THAT(parse_traceparent("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
              Optional(Given{kTrace, kSpan, true}));
}

// The cases of W3C's own test suite, and others.
TEST(Traceparent, IsRefused) {
  for (const std::string_view value : {
           "",
           "00",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-011",
           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x",
           "0-4bf92f3577b34da6a3ce929d0e0e47363-00f067aa0ba902b7-01",
           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b.-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0G",
           "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",
           "00-ab-00f067aa0ba902b7-01-aaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
       }) {
    EXPECT_EQ(parse_traceparent(value), std::nullopt) << value;
  }
}

TEST(B3, IsRead) {
  const std::string ids = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
  EXPECT_THAT(parse_b3(ids), Optional(Given{kTrace, kSpan, std::nullopt}));
  EXPECT_THAT(parse_b3(ids + "-1"), Optional(Given{kTrace, kSpan, true}));
  EXPECT_THAT(parse_b3(ids + "-d-05e3ac9a4f6e3b90"), Optional(Given{kTrace, kSpan, true}));
  EXPECT_THAT(parse_b3(ids + "-0"), Optional(Given{kTrace, kSpan, false}));
  EXPECT_THAT(parse_b3("a3ce929d0e0e4736-00f067aa0ba902b7"),
              Optional(Given{{0, kTrace.low}, kSpan, std::nullopt}));
  EXPECT_THAT(parse_b3("0"), Optional(Given{{}, 0, false}));
  for (const std::string& value :
       {std::string(), std::string("2"), ids + "-x", ids + "-1-05e3", ids.substr(1),
        std::string("0000000000000000-00f067aa0ba902b7-1"), ids.substr(0, 32)}) {
    EXPECT_EQ(parse_b3(value), std::nullopt) << value;
  }
}

TEST(B3, FieldsAreRead) {
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const std::string span = "00f067aa0ba902b7";
  EXPECT_THAT(parse_b3_fields({trace, span, "1", ""}), Optional(Given{kTrace, kSpan, true}));
  EXPECT_THAT(parse_b3_fields({trace, span, "false", ""}), Optional(Given{kTrace, kSpan, false}));
  EXPECT_THAT(parse_b3_fields({trace, span, "", "1"}), Optional(Given{kTrace, kSpan, true}));
  EXPECT_THAT(parse_b3_fields({trace, span, "", ""}), Optional(Given{kTrace, kSpan, std::nullopt}));
  EXPECT_THAT(parse_b3_fields({"", "", "0", ""}), Optional(Given{{}, 0, false}));
  EXPECT_EQ(parse_b3_fields({trace, "", "1", ""}), std::nullopt);
  EXPECT_EQ(parse_b3_fields({"", span, "1", ""}), std::nullopt);
  EXPECT_EQ(parse_b3_fields({trace, span, "maybe", ""}), std::nullopt);
  EXPECT_EQ(parse_b3_fields({"", "", "", ""}), std::nullopt);
}

TEST(Tracestate, HasAGrammar) {
  std::string many = "a=1";
  for (int i = 0; i < 31; ++i) many += ",k" + std::to_string(i) + "=v";
  for (const std::string& value :
       {std::string("rojo=00f067aa0ba902b7"), std::string("a=1,b=2"), std::string("a=1 ,\tb=2,"),
        std::string("1a-_*/@b=!~ x"), many}) {
    EXPECT_TRUE(is_tracestate(value)) << value;
  }
  for (const std::string& value :
       {std::string(), std::string(","), std::string("a"), std::string("a="), std::string("A=1"),
        std::string("=1"), std::string("a=b=c"), std::string("a=\x01"), std::string("a=\xc3\xa9"),
        std::string("@a=1"), many + ",z=1", "a=" + std::string(kTracestateBytesMax, 'x'),
        std::string(257, 'k') + "=1"}) {
    EXPECT_FALSE(is_tracestate(value)) << value;
  }
}

TEST(Context, OneOfTheFormsCounts) {
  const std::string b3 = "0000000000000001000000000000000a-000000000000000b-0";
  const auto both = headers({{"traceparent", std::string(kParent)}, {"B3", b3}});
  const Incoming w3c = read_context(both, HeaderFormat::trace_context);
  EXPECT_EQ(w3c.given, (Given{kTrace, kSpan, true}));
  EXPECT_TRUE(w3c.by_traceparent);
  EXPECT_TRUE(w3c.b3);
  EXPECT_FALSE(w3c.b3_fields);
  const Incoming other = read_context(both, HeaderFormat::b3);
  EXPECT_EQ(other.given, (Given{{1, 10}, 11, false}));
  EXPECT_FALSE(other.by_traceparent);
  const auto broken = headers({{"traceparent", "00-x"}, {"b3", b3}});
  EXPECT_EQ(read_context(broken, HeaderFormat::trace_context).given, (Given{{1, 10}, 11, false}));
}

TEST(Context, TwoFieldsOfANameAreNone) {
  const auto two = headers({{"traceparent", std::string(kParent)},
                            {"Traceparent", std::string(kParent)},
                            {"tracestate", "a=1"}});
  const Incoming in = read_context(two, HeaderFormat::trace_context);
  EXPECT_EQ(in.given, Given());
  EXPECT_EQ(in.tracestate, "") << "it belongs to a traceparent";
  EXPECT_TRUE(in.tracestate_field);
}

TEST(Context, TracestatesAreJoined) {
  const auto two = headers(
      {{"traceparent", std::string(kParent)}, {"tracestate", "a=1"}, {"Tracestate", " b=2 "}});
  EXPECT_EQ(read_context(two, HeaderFormat::trace_context).tracestate, "a=1,b=2");
  const auto whole = headers({{"traceparent", std::string(kParent)},
                              {"tracestate", "a=" + std::string(256, 'x')},
                              {"tracestate", "b=" + std::string(251, 'x')}});
  EXPECT_EQ(read_context(whole, HeaderFormat::trace_context).tracestate.size(),
            kTracestateBytesMax);
  const auto longer = headers({{"traceparent", std::string(kParent)},
                               {"tracestate", "a=" + std::string(256, 'x')},
                               {"tracestate", "b=" + std::string(252, 'x')}});
  EXPECT_EQ(read_context(longer, HeaderFormat::trace_context).tracestate, "");
}

TEST(Context, IsWrittenInEachForm) {
  auto out = headers({{"Traceparent", "old"}, {"x-b3-flags", "1"}, {"X-B3-ParentSpanId", "old"}});
  write_context(out, {kTrace, kSpan, true});
  EXPECT_EQ(get(out, "traceparent"), kParent);
  EXPECT_EQ(get(out, "b3"), "-");
  EXPECT_EQ(get(out, "x-b3-flags"), "1");
  write_context(out, {kTrace, kSpan, false, true, true});
  EXPECT_EQ(get(out, "traceparent"), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
  EXPECT_EQ(get(out, "b3"), "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0");
  EXPECT_EQ(get(out, "X-B3-TraceId"), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(get(out, "X-B3-SpanId"), "00f067aa0ba902b7");
  EXPECT_EQ(get(out, "X-B3-Sampled"), "0");
  EXPECT_EQ(get(out, "X-B3-Flags"), "-");
  EXPECT_EQ(get(out, "X-B3-ParentSpanId"), "-");
  remove_context(out);
  EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace sluice::tracing
