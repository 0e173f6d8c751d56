// SPDX-License-Identifier: Apache-2.0
#include "server/closed_notes.h"

#include <gtest/gtest.h>

namespace sluice::server {
namespace {

TEST(ClosedNotes, EachCauseHasALineAMinute) {
  ClosedNotes notes;
  const TimePoint start = Clock::now();
  const auto note = [&](Duration after, http::Cause cause) {
    return notes.note(start + after, cause, "shop", "192.0.2.1:5", "bad record").value_or("");
  };
  using std::chrono::seconds;
  EXPECT_EQ(note(seconds(0), http::Cause::tls_failed),
            "HTTPServer shop: the connection of 192.0.2.1:5 ended, code=tls_failed: bad record");
  EXPECT_EQ(note(seconds(59), http::Cause::tls_failed), "");
  EXPECT_NE(note(seconds(59), http::Cause::tls_timeout), "");
  EXPECT_EQ(note(seconds(60), http::Cause::tls_failed),
            "HTTPServer shop: the connection of 192.0.2.1:5 ended, code=tls_failed: bad record (1 "
            "more of this code before)");
}

TEST(ClosedNotes, TheReasonMayBeMissing) {
  ClosedNotes notes;
  EXPECT_EQ(notes.note(Clock::now(), http::Cause::silent, "shop", "::1", ""),
            "HTTPServer shop: the connection of ::1 ended, code=silent");
}

}  // namespace
}  // namespace sluice::server
