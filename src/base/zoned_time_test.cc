// SPDX-License-Identifier: Apache-2.0
#include "base/zoned_time.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

std::int64_t ms(std::string_view text, std::string_view zone = "") {
  const auto parsed = parse_zoned_time(text, zone);
  EXPECT_TRUE(parsed) << text << ": " << parsed.error().message;
  return parsed ? parsed->unix_ms : -1;
}

std::string refusal(std::string_view text, std::string_view zone = "") {
  const auto parsed = parse_zoned_time(text, zone);
  return parsed ? "accepted" : parsed.error().message;
}

constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kDay = 24 * kHour;

TEST(ZonedTime, WithAnOffset) {
  EXPECT_EQ(ms("1970-01-02T00:00:00Z"), kDay);
  EXPECT_EQ(ms("1970-01-02T01:00:00+01:00"), kDay);
  EXPECT_EQ(ms("1970-01-02 01:30:00+0130"), kDay);
  EXPECT_EQ(ms("1970-01-01T19:00:00.250-05"), kDay + 250);
  EXPECT_EQ(ms("1970-1-2 0:00:00.1239z"), kDay + 123);
  EXPECT_EQ(ms("1969-12-31T23:59:59.999Z"), -1);
}

TEST(ZonedTime, FarFromNow) {
  EXPECT_EQ(ms("2999-08-08T00:00:00Z"), 32'491'065'600'000);
  EXPECT_EQ(ms("2999-08-08 02:00 Europe/Berlin"), 32'491'065'600'000);
  EXPECT_EQ(ms("9999-12-31T23:59:59Z"), 253'402'300'799'000);
  EXPECT_EQ(ms("0001-01-01T00:00:00Z"), -62'135'596'800'000);
}

TEST(ZonedTime, PartsMayBeMissing) {
  EXPECT_EQ(ms("1970"), 0);
  EXPECT_EQ(ms("1970-02"), 31 * kDay);
  EXPECT_EQ(ms("1970-01-02"), kDay);
  EXPECT_EQ(ms(" 1970-01-02 10:05 "), kDay + 10 * kHour + 300'000);
}

TEST(ZonedTime, ByName) {
  EXPECT_EQ(ms("2026-11-27 20:00 Europe/Berlin"), ms("2026-11-27T20:00:00+01:00"));
  EXPECT_EQ(ms("2026-07-27T20:00:00 Europe/Berlin"), ms("2026-07-27T20:00:00+02:00"));
  EXPECT_EQ(ms("2026-11-27 20:00", "America/Argentina/Ushuaia"), ms("2026-11-27T20:00-03:00"));
  EXPECT_EQ(ms("2026-11-27 Asia/Kolkata"), ms("2026-11-27T00:00+05:30"));
  EXPECT_EQ(ms("2026-11-27 20:00 UTC"), ms("2026-11-27T20:00Z"));
}

TEST(ZonedTime, TheZoneOfTheTextCountsBeforeThatOfTheCaller) {
  EXPECT_EQ(ms("2026-11-27 20:00 Europe/Berlin", "Asia/Tokyo"), ms("2026-11-27T20:00+01:00"));
  EXPECT_EQ(ms("2026-11-27T20:00Z", "Asia/Tokyo"), ms("2026-11-27T20:00Z"));
}

TEST(ZonedTime, TellsWhetherAZoneWasNamed) {
  EXPECT_FALSE(parse_zoned_time("2026-11-27 20:00", "")->has_zone);
  EXPECT_TRUE(parse_zoned_time("2026-11-27 20:00", "Asia/Tokyo")->has_zone);
  EXPECT_TRUE(parse_zoned_time("2026-11-27 20:00 UTC", "")->has_zone);
  EXPECT_TRUE(parse_zoned_time("2026-11-27T20:00Z", "")->has_zone);
}

TEST(ZonedTime, WhereTheClockJumps) {
  // In Berlin, 02:00 becomes 03:00 on 2026-03-29, and 03:00 becomes 02:00 on 2026-10-25.
  EXPECT_EQ(ms("2026-03-29 02:30 Europe/Berlin"), ms("2026-03-29T01:00Z"));
  EXPECT_EQ(ms("2026-10-25 02:30 Europe/Berlin"), ms("2026-10-25T00:30Z"));
}

TEST(ZonedTime, WhatIsNoTimeIsRefused) {
  for (const char* text :
       {"", "tomorrow 8 pm", "26-11-27", "2026-13-01", "2026-02-29", "2026-11-27T",
        "2026-11-27T24:00", "2026-11-27T20", "2026-11-27T20:60", "2026-11-27T20:00:00.",
        "2026-11-27T20:00+1", "2026-11-27T20:00+24:00", "2026-11-27T20:00Zulu", "2026-11-27x20:00",
        "2026-11-27T20:00:00+01:00:00", "02026-11-27"}) {
    EXPECT_NE(refusal(text), "accepted") << text;
  }
  EXPECT_EQ(ms("2028-02-29"), ms("2028-02-28") + kDay);
}

TEST(ZonedTime, AnUnknownZoneIsRefused) {
  EXPECT_EQ(refusal("2026-11-27 20:00 Europe/Bärlin"),
            "there is no time zone Europe/Bärlin: write a name such as Europe/Berlin");
  EXPECT_EQ(refusal("2026-11-27 20:00", "europe/berlin"),
            "there is no time zone europe/berlin, did you mean Europe/Berlin?");
  EXPECT_NE(refusal("2026-11-27 20:00", "../../../etc/passwd"), "accepted");
}

}  // namespace
}  // namespace sluice
