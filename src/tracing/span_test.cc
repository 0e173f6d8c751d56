// SPDX-License-Identifier: Apache-2.0
// Covers: ids.cc
#include "tracing/span.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/utf8.h"

namespace sluice::tracing {
namespace {

TEST(BoundedText, IsUtf8OfThatSize) {
  EXPECT_EQ(bounded_text("shop", 10), "shop");
  EXPECT_EQ(bounded_text("shop", 3), "sho");
  EXPECT_EQ(bounded_text("caf\xc3\xa9", 4), "caf") << "no half of a character";
  EXPECT_EQ(bounded_text("a\xff z", 10), "a\xef\xbf\xbd z");
  EXPECT_EQ(bounded_text("\xed\xa0\x80", 20), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  for (std::size_t max = 0; max < 12; ++max) {
    const std::string text = bounded_text("\xff\xff\xff\xff\xff\xff", max);
    EXPECT_LE(text.size(), max);
    EXPECT_TRUE(is_utf8(text));
  }
}

Span named(const char* name) {
  Span span;
  span.name = name;
  return span;
}

TEST(Recording, HasBounds) {
  Recording recording({1, 2}, "", {.value_bytes = 4, .attributes = 2, .events = 1});
  Span& span = *recording.add(named("a"));
  recording.set(span, "empty", "");
  recording.set(span, "text", "longer");
  recording.set(span, "number", 7);
  recording.set(span, "beyond", "x");
  ASSERT_EQ(span.attributes.size(), 2U);
  EXPECT_EQ(std::get<std::string>(span.attributes[0].value), "long");
  EXPECT_EQ(std::get<std::int64_t>(span.attributes[1].value), 7);
  EXPECT_EQ(span.attributes_lost, 1U);
  recording.add_event(span, {TimePoint(), "one"});
  recording.add_event(span, {TimePoint(), "two"});
  EXPECT_EQ(span.events.size(), 1U);
  EXPECT_EQ(span.events_lost, 1U);
  for (std::size_t i = 1; i < kSpansMax; ++i) EXPECT_NE(recording.add(named("b")), nullptr);
  const std::size_t bytes = recording.bytes();
  EXPECT_EQ(recording.add(named("c")), nullptr);
  EXPECT_EQ(recording.bytes(), bytes);
}

TEST(Recording, TimesAreTimesOfDay) {
  Recording recording({1, 2}, "", {});
  const TimePoint now = Clock::now();
  recording.set_clocks(now, std::chrono::system_clock::time_point(std::chrono::seconds(100)));
  EXPECT_EQ(recording.unix_ns(now + std::chrono::nanoseconds(5)), 100'000'000'005U);
  EXPECT_EQ(recording.unix_ns(now - std::chrono::seconds(101)), 0U);
}

TEST(Ids, AreWrittenAndRead) {
  EXPECT_EQ(to_hex(TraceId{0x1, 0xab}), "000000000000000100000000000000ab");
  EXPECT_EQ(to_hex(SpanId{0xab}), "00000000000000ab");
  EXPECT_EQ(to_bytes(SpanId{0x0102}), std::string("\0\0\0\0\0\0\1\2", 8));
  EXPECT_EQ(to_bytes(TraceId{1, 2}).size(), 16U);
  EXPECT_EQ(read_hex64("00000000000000ab"), 0xabU);
  for (const std::string_view text :
       {"", "ab", "00000000000000AB", "00000000000000ag", "000000000000000ab", "-0000000000000ab"})
    EXPECT_EQ(read_hex64(text), std::nullopt) << text;
}

TEST(Ids, DifferFromCoreToCore) {
  std::set<std::uint64_t> halves;
  for (int core = 0; core < 4; ++core) {
    IdSource ids;
    for (int i = 0; i < 1000; ++i) halves.insert(ids.half());
  }
  EXPECT_EQ(halves.size(), 4000U);
  EXPECT_EQ(halves.count(0), 0U);
}

}  // namespace
}  // namespace sluice::tracing
