// SPDX-License-Identifier: Apache-2.0
// The object of a stream serves later streams of its connection, and nothing of the last one is
// left in it.
#include "server/h2_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "server/limits.h"
#include "server/testing/one_server.h"

namespace sluice::server {
namespace {

using http::h2::frame;
using http::h2::FrameType;
using http::h2::kFlagEndHeaders;
using http::h2::kFlagEndStream;
using http::h2::kWhole;
using http::h2::literal;
using http::h2::StreamId;
using ::testing::HasSubstr;
using ::testing::Not;

// What the pipeline finds in a request: its content, and whether trailers follow.
Task<void> echo_content(pipeline::Exchange& exchange) {
  http::Body& body = exchange.request()->body;
  std::string found;
  while (body.is_stream()) {
    const auto piece = co_await body.reader()->read();
    if (!piece || piece->empty()) break;
    found += *piece;
  }
  const auto trailers = body.is_stream() ? body.reader()->take_trailers() : nullptr;
  exchange.new_response().body.assign(found + (trailers ? " and trailers." : "."));
}

Task<void> hint_twice(pipeline::Exchange& exchange) {
  http::Headers hints;
  hints.add("Link", std::string(kInterimBytesMax / 3, 'a'));
  for (int i = 0; i < 2; ++i) exchange.interim()->send_interim(103, hints);
  exchange.new_response().body.assign("done");
  co_return;
}

class H2StreamTest : public ::testing::Test {
 protected:
  // The acknowledgement puts the windows of the server's SETTINGS in force.
  H2StreamTest() {
    constexpr std::uint8_t kAck = 1;
    client_.send(http::h2::opening() + frame(FrameType::settings, kAck, 0, ""));
  }
  void open(StreamId stream, std::string_view method, std::uint8_t flags,
            std::string_view path = "/p", std::string_view more = "") {
    client_.send(
        frame(FrameType::headers, flags, stream, testing::h2_fields(method, path).append(more)));
  }
  void upload(StreamId stream, std::string_view bytes, std::uint8_t flags = 0) {
    for (; bytes.size() > kFrameBytesMax; bytes.remove_prefix(kFrameBytesMax))
      client_.send(frame(FrameType::data, 0, stream, bytes.substr(0, kFrameBytesMax)));
    client_.send(frame(FrameType::data, flags, stream, bytes));
  }
  // Runs the core until `condition` holds. False also if the connection ends first.
  [[nodiscard]] bool until(const std::function<bool()>& condition) {
    return server_.until([&] { return condition() || client_.ended(); }) && condition();
  }
  [[nodiscard]] bool answers(StreamId stream) {
    return until([&] { return client_.has_response(stream); });
  }
  // A POST waits in the pipeline, which does not read its content, until all of that is there.
  [[nodiscard]] bool waits(StreamId stream, std::string_view content, std::string_view more = "") {
    const int before = server_.asked();
    server_.hold();
    open(stream, "POST", kFlagEndHeaders);
    upload(stream, content);
    client_.send(more);
    return until([&] {
      return server_.asked() > before && server_.held(MemoryUse::request_bodies) >= content.size();
    });
  }
  // The client resets the stream of such a request.
  [[nodiscard]] bool gives_up(StreamId stream) {
    const int before = server_.play().ends;
    client_.send(frame(FrameType::rst_stream, 0, stream, std::string("\0\0\0\x8", 4)));
    const bool ended = until([&] { return server_.play().ends > before; });
    server_.release();
    return ended;
  }

  // The streams of uploads that exceed the connection's window together.
  static std::vector<StreamId> uploads() {
    std::vector<StreamId> all;
    for (StreamId i = 0; i < kUploads; ++i) all.push_back(2 * i + 1);
    return all;
  }

  static constexpr std::size_t kFrameBytesMax = 16'384;
  static constexpr std::size_t kUploadBytes = 50'000;
  static constexpr auto kUploads =
      static_cast<StreamId>(http::h2::SessionLimits().connection_window_bytes / kUploadBytes + 5);
  testing::OneServer server_{"clientMaxBodySize: -1"};
  testing::Client client_ = server_.connect();
};

TEST_F(H2StreamTest, ContentAndTrailersThatNobodyReadAreNotThoseOfTheNext) {
  ASSERT_TRUE(waits(1, "left", frame(FrameType::headers, kWhole, 1, literal("x-left", "over"))));
  ASSERT_TRUE(gives_up(1));
  server_.play().act = echo_content;
  open(3, "POST", kFlagEndHeaders);
  upload(3, "new", kFlagEndStream);
  ASSERT_TRUE(answers(3));
  EXPECT_THAT(client_.received(), HasSubstr("new."));
  EXPECT_THAT(client_.received(), Not(HasSubstr("left")));
}

TEST_F(H2StreamTest, ContentThatNobodyReadIsChargedNoLonger) {
  ASSERT_TRUE(waits(1, std::string(kUploadBytes, 'a')));
  EXPECT_GT(server_.held(MemoryUse::request_bodies), 0U);
  ASSERT_TRUE(gives_up(1));
  EXPECT_EQ(server_.held(MemoryUse::request_bodies), 0U);
}

// RFC 9113 section 6.9: a client that uses more than the window ends the connection. These send
// more than the window in all.
TEST_F(H2StreamTest, ContentOfAStreamThatIsResetReturnsToTheWindow) {
  for (const StreamId stream : uploads()) {
    ASSERT_TRUE(waits(stream, std::string(kUploadBytes, 'a')));
    ASSERT_TRUE(gives_up(stream));
  }
}

TEST_F(H2StreamTest, ContentThatCameBeforeAnEarlyAnswerReturnsToTheWindow) {
  for (const StreamId stream : uploads()) {
    ASSERT_TRUE(waits(stream, std::string(kUploadBytes, 'a')));
    server_.release();
    ASSERT_TRUE(answers(stream));
    upload(stream, "", kFlagEndStream);
  }
}

TEST_F(H2StreamTest, ContentThatComesAfterAnEarlyAnswerReturnsToTheWindow) {
  for (const StreamId stream : uploads()) {
    open(stream, "POST", kFlagEndHeaders, "/none");
    ASSERT_TRUE(answers(stream));
    upload(stream, std::string(kUploadBytes, 'a'), kFlagEndStream);
  }
  open(kUploads * 2 + 1, "GET", kWhole);
  EXPECT_TRUE(answers(kUploads * 2 + 1));
}

// Not only when the stream closes: the client may have to send on before it can end its request.
TEST_F(H2StreamTest, ContentThatCameBeforeAnEarlyAnswerReturnsToTheWindowOfTheStream) {
  ASSERT_TRUE(waits(1, std::string(kUploadBytes, 'a')));
  for (std::size_t uploads = 2; uploads <= 4; ++uploads) {
    upload(1, std::string(kUploadBytes, 'a'));
    ASSERT_TRUE(
        until([&] { return server_.held(MemoryUse::request_bodies) >= uploads * kUploadBytes; }));
  }
  EXPECT_EQ(client_.frames(FrameType::window_update, 1), 0);
  server_.release();
  EXPECT_TRUE(until([&] { return client_.frames(FrameType::window_update, 1) > 0; }));
}

TEST_F(H2StreamTest, EachRequestIsRecorded) {
  for (const StreamId stream : {1, 3, 5}) {
    open(stream, "GET", kWhole);
    ASSERT_TRUE(answers(stream));
  }
  EXPECT_EQ(server_.recorded(), 3U);
}

TEST_F(H2StreamTest, HeadsAreHeldAsLongAsTheirStreams) {
  const std::string large = literal("x", std::string(100, 'a'));
  std::string fields;
  while (fields.size() < 10'000) fields += large;
  const auto rounds = static_cast<StreamId>(kConnectionHeadBytesMax / fields.size() + 10);
  for (StreamId stream = 1; stream < 2 * rounds; stream += 2) {
    open(stream, "GET", kWhole, "/p", fields);
    ASSERT_TRUE(answers(stream)) << stream;
  }
}

TEST_F(H2StreamTest, EachRequestHasItsOwnBoundOfInterimResponses) {
  server_.play().act = hint_twice;
  for (const StreamId stream : {1, 3, 5}) {
    open(stream, "GET", kWhole);
    ASSERT_TRUE(answers(stream));
    EXPECT_EQ(client_.frames(FrameType::headers, stream), 3);
  }
}

// The client sends on after the response, each time less than the server discards.
TEST_F(H2StreamTest, EachRequestHasItsOwnBoundOfDiscardedBytes) {
  const std::string content(30'000, 'a');
  const auto rounds = static_cast<StreamId>(kDrainBytesMax / content.size() + 2);
  for (StreamId stream = 1; stream < 2 * rounds; stream += 2) {
    open(stream, "POST", kFlagEndHeaders, "/none");
    upload(stream, content, kFlagEndStream);
    ASSERT_TRUE(answers(stream));
  }
  open(2 * rounds + 1, "GET", kWhole);
  ASSERT_TRUE(answers(2 * rounds + 1));
  for (StreamId stream = 1; stream < 2 * rounds; stream += 2)
    EXPECT_EQ(client_.frames(FrameType::rst_stream, stream), 0) << stream;
}

}  // namespace
}  // namespace sluice::server
