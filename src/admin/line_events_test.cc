// SPDX-License-Identifier: Apache-2.0
#include "admin/line_events.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice::admin {
namespace {

std::string events(LineEvents::Format format, std::initializer_list<std::string_view> pieces) {
  LineEvents lines(format);
  std::string out;
  for (const std::string_view piece : pieces) lines.append(piece, out);
  return out;
}

TEST(LineEvents, OneEventForEachWholeLine) {
  using enum LineEvents::Format;
  EXPECT_EQ(events(server_sent, {"one\ntw", "o\n", "\nthree"}),
            "data: one\n\ndata: two\n\ndata: \n\n");
  EXPECT_EQ(events(server_sent, {"a\rdata: b\n"}), "data: a data: b\n\n") << "no second field";
  EXPECT_EQ(events(json_lines, {"say \"a\"\nrest"}), "{\"line\":\"say \\\"a\\\"\"}\n");
  EXPECT_EQ(events(json_lines, {"\xff\n"}), "{\"line\":\"\uFFFD\"}\n");
}

TEST(LineEvents, ALongLineIsSeveralEvents) {
  const std::string line(LineEvents::kLineBytesMax * 2 + 5, 'x');
  const std::string out =
      events(LineEvents::Format::server_sent, {line.substr(0, 10), line.substr(10), "\n"});
  EXPECT_EQ(std::count(out.begin(), out.end(), 'x'), static_cast<std::ptrdiff_t>(line.size()));
  EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 6);
}

TEST(LineEvents, OnlyIfAccepted) {
  Request request;
  EXPECT_EQ(LineEvents::wanted_by(request), nullptr);
  request.accept = "text/event-stream";
  EXPECT_EQ(LineEvents::wanted_by(request)->content_type(), "text/event-stream");
  request.accept = "application/x-ndjson";
  EXPECT_EQ(LineEvents::wanted_by(request)->content_type(), "application/x-ndjson");
}

}  // namespace
}  // namespace sluice::admin
