// SPDX-License-Identifier: Apache-2.0
// What tests/conformance cannot see from outside: when events come, what is
// offered and when.
#include "http/h2/session.h"

#include <gtest/gtest.h>

#include "http/h2/flood_guard.h"
#include "http/h2/response_head.h"
#include "http/h2/testing/test_peer.h"

namespace sluice::http::h2 {
namespace {

constexpr std::uint8_t kWhole = kFlagEndStream | kFlagEndHeaders;

std::string window_update(StreamId stream, std::uint32_t size) {
  std::string payload;
  for (const int shift : {24, 16, 8, 0}) payload += static_cast<char>(size >> shift & 0xff);
  return frame(FrameType::window_update, 0, stream, payload);
}

TEST(SessionTest, ARequestAndItsAnswer) {
  TestOwner owner;
  owner.session->receive(opening() + frame(FrameType::headers, kWhole, 1, get_fields()));
  ASSERT_EQ(owner.streams.size(), 1U);
  TestStream& stream = *owner.streams.front();
  EXPECT_EQ(stream.log, "head 0 GET shop.example /a?b\n");
  EXPECT_TRUE(stream.ended);
  owner.answer(stream, "hello");
  EXPECT_TRUE(owner.output().ends_with(frame(FrameType::data, kFlagEndStream, 1, "hello")));
  EXPECT_TRUE(stream.closed);
  EXPECT_EQ(stream.log, "head 0 GET shop.example /a?b\nclosed 0\n");
}

// Three requests with fields for the dynamic tables, in small pieces; what is answered.
std::string conversation(PagePool* pool, bool rest) {
  TestOwner owner({}, pool);
  std::string said = opening();
  const std::string indexed = std::string("\x40\1x\5value") + get_fields();
  for (const StreamId id : {1, 3}) said += frame(FrameType::headers, kWhole, id, indexed);
  said += frame(FrameType::headers, kWhole, 5, std::string("\xbe", 1) + get_fields());
  std::string out;
  for (std::size_t at = 0; at < said.size(); at += 7) {
    owner.session->receive(std::string_view(said).substr(at, 7));
    for (const auto& stream : owner.streams) {
      if (!stream->head || stream->answered) continue;
      stream->response.headers.add("X-More", "and more");
      owner.answer(*stream, "hello");
    }
    if (rest) owner.session->rest();
    out += owner.output();
    if (rest) owner.session->rest();
  }
  EXPECT_EQ(owner.streams.size(), 3U);
  return out + owner.transcript();
}

TEST(SessionTest, RestChangesNothing) {
  PagePool pool;
  const std::string expected = conversation(nullptr, false);
  EXPECT_EQ(conversation(&pool, false), expected);
  EXPECT_EQ(conversation(&pool, true), expected);
  EXPECT_EQ(conversation(nullptr, true), expected);
}

TEST(SessionTest, ContentInPiecesWaitsForMore) {
  TestOwner owner;
  owner.session->receive(opening() + frame(FrameType::headers, kWhole, 1, get_fields()));
  TestStream& stream = *owner.streams.front();
  stream.all = false;
  owner.answer(stream, "");
  (void)owner.output();
  EXPECT_FALSE(stream.closed);
  stream.content = "one";
  owner.session->resume(1);
  EXPECT_EQ(owner.output(), frame(FrameType::data, 0, 1, "one"));
  EXPECT_EQ(owner.output(), "");
  stream.all = true;
  owner.session->resume(1);
  EXPECT_EQ(owner.output(), frame(FrameType::data, kFlagEndStream, 1, ""));
  EXPECT_TRUE(stream.closed);
}

std::unique_ptr<Headers> sum() {
  auto trailers = std::make_unique<Headers>();
  trailers->add("X-Sum", " 1 ");
  trailers->add("Connection", "close");
  return trailers;
}

std::string trailer_frame(std::string_view fields, StreamId stream = 1) {
  return frame(FrameType::headers, kWhole, stream, fields);
}

// RFC 9113 section 8.1. The first field of that name goes to the dynamic table.
TEST(SessionTest, TrailersFollowTheContent) {
  TestOwner owner;
  owner.session->receive(opening() + frame(FrameType::headers, kWhole, 1, get_fields()));
  TestStream& stream = *owner.streams.front();
  stream.response.body.set_trailers(sum());
  owner.answer(stream, "hello");
  const std::string out = owner.output();
  const std::string data = frame(FrameType::data, 0, 1, "hello");
  const std::size_t at = out.find(data);
  ASSERT_NE(at, std::string::npos);
  FrameScanner scanner;
  std::string_view rest = std::string_view(out).substr(at + data.size());
  const auto piece = scanner.next(rest);
  ASSERT_TRUE(piece.head);
  EXPECT_EQ(piece.head->type, FrameType::headers);
  EXPECT_EQ(piece.head->flags, kWhole);
  EXPECT_TRUE(rest.empty());
  EXPECT_TRUE(stream.closed);
}

TEST(SessionTest, TrailersWithoutContent) {
  TestOwner owner;
  owner.session->receive(opening() + frame(FrameType::headers, kWhole, 1, get_fields()));
  TestStream& stream = *owner.streams.front();
  stream.response.body.set_trailers(sum());
  stream.all = false;
  owner.answer(stream, "");
  (void)owner.output();
  stream.all = true;
  owner.session->resume(1);
  const std::string out = owner.output();
  FrameScanner scanner;
  std::string_view rest = out;
  const auto piece = scanner.next(rest);
  ASSERT_TRUE(piece.head);
  EXPECT_EQ(piece.head->type, FrameType::headers) << "no empty DATA frame before it";
  EXPECT_TRUE(stream.closed);
}

TEST(SessionTest, TrailersOfARequest) {
  TestOwner owner;
  owner.session->receive(opening() +
                         frame(FrameType::headers, kFlagEndHeaders, 1, get_fields("POST")) +
                         frame(FrameType::data, 0, 1, "abc") +
                         trailer_frame(literal("x-sum", "1") + literal("host", "elsewhere")));
  const TestStream& stream = *owner.streams.front();
  EXPECT_EQ(stream.log, "head 0 POST shop.example /a?b\ntrailer x-sum: 1\n");
  EXPECT_TRUE(stream.ended);
}

TEST(SessionTest, TrailersAreBounded) {
  Limits limits;
  limits.fields_max = 3;
  TestOwner owner(limits);
  std::string fields;
  for (int i = 0; i < 4; ++i) fields += literal("x-sum", "1");
  owner.session->receive(opening() +
                         frame(FrameType::headers, kFlagEndHeaders, 1, get_fields("POST")) +
                         trailer_frame(fields));
  (void)owner.output();
  const TestStream& stream = *owner.streams.front();
  EXPECT_EQ(stream.log, "head 0 POST shop.example /a?b\nclosed 11\n");
  EXPECT_FALSE(stream.ended);
  EXPECT_EQ(owner.session->failure(), "");
}

TEST(SessionTest, ProducesAboutAsMuchAsAskedFor) {
  TestOwner owner;
  owner.session->receive(opening() + window_update(0, 1 << 24) +
                         frame(FrameType::settings, 0, 0, std::string("\0\4\0\x70\0\0", 6)) +
                         frame(FrameType::headers, kWhole, 1, get_fields()));
  const std::string content(1'000'000, 'x');
  owner.answer(*owner.streams.front(), content);
  std::string out;
  std::size_t sent = 0;
  while (true) {
    out.clear();
    owner.session->produce(out, 40'000);
    if (out.empty()) break;
    EXPECT_LE(out.size(), 40'000U + 2 * 16393);
    sent += out.size();
  }
  EXPECT_GT(sent, content.size());
  EXPECT_TRUE(owner.streams.front()->closed);
}

// The client gets its window back only when somebody has read what it sent.
TEST(SessionTest, WindowsAreGivenBackByConsume) {
  TestOwner owner;
  owner.session->receive(opening() +
                         frame(FrameType::headers, kFlagEndHeaders, 1, get_fields("POST")));
  (void)owner.output();
  owner.session->receive(frame(FrameType::settings, 1, 0, ""));  // then the larger window holds
  const std::string piece(16384, 'x');
  for (int i = 0; i < 16; ++i) owner.session->receive(frame(FrameType::data, 0, 1, piece));
  EXPECT_EQ(owner.output(), "");
  owner.session->consume(1, 10 * piece.size());
  const std::string out = owner.output();
  EXPECT_NE(out.find(window_update(1, 10 * 16384)), std::string::npos);
}

TEST(SessionTest, ClosedStreamsDoNotKeepTheConnectionsWindow) {
  Limits limits;
  limits.connection_window_bytes = 65535;
  TestOwner owner(limits);
  owner.session->receive(opening());
  for (StreamId id = 1; id < 200; id += 2) {
    owner.session->receive(frame(FrameType::headers, kFlagEndHeaders, id, get_fields("POST")) +
                           frame(FrameType::data, 0, id, std::string(16384, 'x')) +
                           frame(FrameType::rst_stream, 0, id, std::string("\0\0\0\x8", 4)));
    (void)owner.output();
  }
  EXPECT_EQ(owner.session->failure(), "");
  EXPECT_EQ(owner.streams.size(), 100U);
}

TEST(SessionTest, MalformedStreamsSayWhy) {
  TestOwner owner;
  owner.session->receive(
      opening() + frame(FrameType::headers, kWhole, 1, get_fields() + literal("Upper", "case")));
  (void)owner.output();
  EXPECT_EQ(owner.streams.front()->log, "closed 1\n");
  EXPECT_NE(owner.session->last_fault().find("Upper"), std::string_view::npos);
}

TEST(SessionTest, AHeadTooLargeToSendResetsTheStream) {
  TestOwner owner;
  owner.session->receive(opening() + frame(FrameType::headers, kWhole, 1, get_fields()) +
                         frame(FrameType::headers, kWhole, 3, get_fields()));
  owner.streams[0]->response.headers.add("x-huge", std::string(300'000, 'y'));
  owner.streams[1]->response.headers.add("x-large", std::string(60'000, 'y'));
  for (const auto& stream : owner.streams) owner.answer(*stream, "");
  (void)owner.output();
  EXPECT_TRUE(owner.streams[0]->log.ends_with("closed 2\n"));
  EXPECT_TRUE(owner.streams[1]->log.ends_with("closed 0\n"));
}

TEST(SessionTest, ShutsDownInTwoSteps) {
  TestOwner owner;
  owner.session->receive(opening() + frame(FrameType::headers, kWhole, 1, get_fields()));
  (void)owner.output();
  owner.session->announce_shutdown();
  owner.session->ping();
  (void)owner.output();
  owner.session->receive(frame(FrameType::headers, kWhole, 3, get_fields()) +
                         frame(FrameType::ping, 1, 0, std::string(8, '\0')));
  EXPECT_EQ(owner.pongs, 1);
  EXPECT_EQ(owner.streams.size(), 2U) << "was on its way";
  owner.session->shut_down();
  (void)owner.output();
  owner.session->receive(frame(FrameType::headers, kWhole, 5, get_fields()));
  EXPECT_EQ(owner.streams.size(), 2U);
  EXPECT_FALSE(owner.session->finished());
  for (const auto& stream : owner.streams) owner.answer(*stream, "x");
  (void)owner.output();
  EXPECT_TRUE(owner.session->finished());
}

TEST(SessionTest, NothingComesOfWhatFollowsAFailure) {
  TestOwner owner;
  owner.session->receive("GET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(owner.session->failure(), "no HTTP/2 preface");
  owner.session->receive(opening() + frame(FrameType::headers, kWhole, 1, get_fields()));
  EXPECT_TRUE(owner.streams.empty());
  EXPECT_NE(owner.output().find(frame(FrameType::goaway, 0, 0, std::string("\0\0\0\0\0\0\0\1", 8))),
            std::string::npos);
  EXPECT_TRUE(owner.session->finished());
}

TEST(FloodGuardTest, BudgetsRefillWithTime) {
  Limits limits;
  limits.pings = {.burst = 3, .per_second = 1e6};
  limits.settings = {.burst = 3, .per_second = 0};
  FloodGuard guard(limits);
  const FrameHead ping{.length = 8, .type = FrameType::ping, .flags = 0, .stream = 0};
  const FrameHead settings{.length = 0, .type = FrameType::settings, .flags = 0, .stream = 0};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(guard.admit(settings), nullptr);
  EXPECT_STREQ(guard.admit(settings), "too many SETTINGS frames");
  const TimePoint end = Clock::now() + std::chrono::seconds(60);
  int admitted = 0;
  while (admitted < 100 && Clock::now() < end) admitted += guard.admit(ping) == nullptr ? 1 : 0;
  EXPECT_EQ(admitted, 100);
}

std::string joined(const Response& response, std::string_view date = "") {
  ResponseHead head;
  std::string out;
  for (const auto& field : head.fields(response, date))
    out.append(field.name).append("=").append(field.value).append(";");
  return out;
}

TEST(ResponseHeadTest, Fields) {
  Response response;
  response.headers.add("X-Thing", " Abc ");
  response.headers.add("Connection", "close");
  response.headers.add("Transfer-Encoding", "chunked");
  response.headers.add("Bad Name", "x");
  response.headers.add("bad-value", "a\nb");
  response.headers.add("Set-Cookie", "a=1");
  response.headers.add("Set-Cookie", "b=2");
  response.body.assign("hello");
  EXPECT_EQ(joined(response, "now"),
            ":status=200;date=now;content-length=5;x-thing=Abc;set-cookie=a=1;"
            "set-cookie=b=2;");
  response.headers.set("Date", "then");
  response.status = 304;
  EXPECT_EQ(joined(response, "now"),
            ":status=304;x-thing=Abc;set-cookie=a=1;set-cookie=b=2;date=then;");
  response.clear();
  response.status = 101;
  EXPECT_EQ(joined(response), ":status=500;content-length=0;");
}

TEST(ResponseHeadTest, Content) {
  Response response;
  EXPECT_FALSE(has_content(response, "GET"));
  response.body.assign("x");
  EXPECT_TRUE(has_content(response, "GET"));
  EXPECT_FALSE(has_content(response, "HEAD"));
  response.status = 204;
  EXPECT_FALSE(has_content(response, "GET"));
}

}  // namespace
}  // namespace sluice::http::h2
