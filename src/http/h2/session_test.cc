// SPDX-License-Identifier: Apache-2.0
// Covers: flood_guard.cc, native_session.cc, response_head.cc, session_callbacks.cc
// Tests of the order of events and offers, which tests/conformance cannot see from outside.
#include "http/h2/session.h"

#include <gtest/gtest.h>

#include "http/h2/flood_guard.h"
#include "http/h2/response_head.h"
#include "http/h2/testing/test_peer.h"

namespace sluice::http::h2 {
namespace {

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

// Sends three requests with fields for the dynamic tables, in small pieces. Returns the answers.
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
  SessionLimits limits;
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
  owner.session->receive(frame(FrameType::headers, kFlagEndHeaders, 3, get_fields("POST")) +
                         trailer_frame(literal("x-own", "2"), 3));
  EXPECT_EQ(owner.streams.back()->log, "head 0 POST shop.example /a?b\ntrailer x-own: 2\n")
      << "the next stream has none of them";
}

// One session object keeps the arriving trailers. Each stream has the full limits, and sees only
// its own trailers.
TEST(SessionTest, EveryStreamHasItsOwnTrailers) {
  SessionLimits limits;
  limits.fields_max = 3;
  TestOwner owner(limits);
  owner.session->receive(opening());
  for (StreamId id = 1; id < 40; id += 4) {
    const std::string head = get_fields("POST");
    owner.session->receive(
        frame(FrameType::headers, kFlagEndHeaders, id, head) +
        trailer_frame(literal("a", "1") + literal("b", "2") + literal("c", "3"), id) +
        frame(FrameType::headers, kFlagEndHeaders, id + 2, head) +
        trailer_frame(literal("host", "elsewhere"), id + 2));
    ASSERT_EQ(owner.streams.size(), static_cast<std::size_t>(id + 3) / 2);
    EXPECT_EQ(owner.streams[owner.streams.size() - 2]->log,
              "head 0 POST shop.example /a?b\ntrailer a: 1\ntrailer b: 2\ntrailer c: 3\n");
    EXPECT_EQ(owner.streams.back()->log, "head 0 POST shop.example /a?b\n");
  }
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

// The client's window opens only when its bytes were read.
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
  SessionLimits limits;
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

TEST(SessionTest, TheRestOfAFrameOfAGoneStreamKeepsNoWindow) {
  SessionLimits limits;
  limits.connection_window_bytes = 65535;
  TestOwner owner(limits);
  owner.session->receive(opening());
  const std::string content(16384, 'x');
  for (StreamId id = 1; id < 100; id += 2) {
    const std::string data = frame(FrameType::data, 0, id, content);
    const std::size_t half = data.size() / 2;
    owner.session->receive(frame(FrameType::headers, kFlagEndHeaders, id, get_fields("POST")) +
                           data.substr(0, half));
    owner.session->reset(id, ErrorCode::cancel);
    (void)owner.output();
    owner.session->receive(data.substr(half));
    (void)owner.output();
  }
  EXPECT_EQ(owner.session->failure(), "");
  EXPECT_EQ(owner.streams.size(), 50U);
}

std::string fault_of(const TestOwner& owner, StreamId id) {
  return owner.session->fault_of(id, ErrorCode::protocol_error);
}

TEST(SessionTest, MalformedStreamsSayWhy) {
  TestOwner owner;
  owner.session->receive(
      opening() + frame(FrameType::headers, kWhole, 1, get_fields() + literal("Upper", "case")));
  (void)owner.output();
  EXPECT_EQ(owner.streams.front()->log, "closed 1\n");
  EXPECT_NE(fault_of(owner, 1).find("Upper"), std::string::npos);
  EXPECT_EQ(owner.session->open_head(), 0) << "no rest of its head is awaited";
}

// It may be a secret, and goes into the access log.
TEST(SessionTest, WhatAMalformedFieldHoldsIsNotTold) {
  TestOwner owner;
  const std::string fields = get_fields() + literal("authorization", std::string("SECRET\x01", 7));
  owner.session->receive(opening() + frame(FrameType::headers, kWhole, 1, fields));
  EXPECT_NE(fault_of(owner, 1).find("authorization"), std::string::npos);
  EXPECT_EQ(fault_of(owner, 1).find("SECRET"), std::string::npos) << fault_of(owner, 1);
  // Another stream has its own fault.
  owner.session->receive(frame(FrameType::headers, kWhole, 3, literal(":method", "GET")));
  (void)owner.output();
  EXPECT_EQ(fault_of(owner, 3).find("authorization"), std::string::npos) << fault_of(owner, 3);
  EXPECT_NE(fault_of(owner, 3), "");
  const std::string short_body = frame(FrameType::headers, kFlagEndHeaders, 5,
                                       get_fields("POST") + literal("content-length", "1"));
  owner.session->receive(short_body + frame(FrameType::data, 0, 5, "xx"));
  (void)owner.output();
  EXPECT_EQ(fault_of(owner, 5), "the stream is malformed: PROTOCOL_ERROR");
}

TEST(SessionTest, AConnectionThatIsMalformedSaysSo) {
  const std::string even = frame(FrameType::headers, kWhole, 2, get_fields());
  const std::string lone = frame(FrameType::continuation, kFlagEndHeaders, 1, get_fields());
  const std::string idle = frame(FrameType::data, 0, 1, "x");
  const std::string hpack = frame(FrameType::headers, kWhole, 1, "\xff\xff\xff\xff\xff\xff");
  for (const std::string& wrong : {even, lone, idle, hpack}) {
    TestOwner owner;
    owner.session->receive(opening() + wrong);
    (void)owner.output();
    EXPECT_NE(owner.session->protocol_error(), "");
  }
  TestOwner good;
  good.session->receive(opening() + frame(FrameType::headers, kWhole, 1, get_fields()));
  (void)good.output();
  EXPECT_EQ(good.session->protocol_error(), "");
}

// A client that resets many streams is a flood. Streams that we give up are none.
TEST(SessionTest, OnlyResetsThatTheClientCausesCount) {
  SessionLimits limits;
  limits.resets = {.burst = 3, .per_second = 0};
  TestOwner owner(limits);
  owner.session->receive(opening());
  StreamId id = -1;
  for (const ErrorCode code : {ErrorCode::no_error, ErrorCode::internal_error, ErrorCode::cancel}) {
    for (int i = 0; i < 4; ++i) {
      id += 2;
      owner.session->receive(frame(FrameType::headers, kFlagEndHeaders, id, get_fields("POST")));
      owner.session->reset(id, code);
      (void)owner.output();
    }
  }
  EXPECT_EQ(owner.session->failure(), "");
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(owner.session->failure(), "");
    id += 2;
    owner.session->receive(frame(FrameType::headers, kFlagEndHeaders, id, get_fields("POST")));
    owner.session->reset(id, ErrorCode::protocol_error);
    (void)owner.output();
  }
  EXPECT_NE(owner.session->failure(), "");
}

// RFC 9113 section 5.1: the client may have sent them before it knew.
TEST(SessionTest, FramesOfARefusedStreamAreIgnored) {
  SessionLimits limits;
  limits.concurrent_streams_max = 1;
  TestOwner owner(limits);
  owner.session->receive(opening() +
                         frame(FrameType::headers, kFlagEndHeaders, 1, get_fields("POST")) +
                         frame(FrameType::headers, kFlagEndHeaders, 3, get_fields("POST")));
  (void)owner.output();
  ASSERT_EQ(owner.streams.size(), 1U);
  owner.session->receive(frame(FrameType::data, kFlagEndStream, 3, "abc") +
                         frame(FrameType::data, kFlagEndStream, 1, "abc"));
  EXPECT_EQ(owner.session->failure(), "");
  EXPECT_EQ(owner.streams.front()->data, "abc");
}

std::string setting(int id, std::uint32_t value) {
  std::string payload{'\0', static_cast<char>(id)};
  for (const int shift : {24, 16, 8, 0}) payload += static_cast<char>(value >> shift & 0xff);
  return frame(FrameType::settings, 0, 0, payload);
}

// RFC 9113 section 6.9.2. The windows are judged by the settings in force.
TEST(SessionTest, WindowsAreJudgedByTheSettingsOfTheirFrame) {
  constexpr int kTableSize = 1;
  constexpr int kInitialWindow = 4;
  TestOwner owner;
  owner.session->receive(opening() +
                         frame(FrameType::headers, kFlagEndHeaders, 1, get_fields("POST")) +
                         setting(kInitialWindow, 0x7fffffff) +
                         frame(FrameType::rst_stream, 0, 1, std::string("\0\0\0\x8", 4)) +
                         setting(kInitialWindow, 65535) +
                         frame(FrameType::headers, kFlagEndHeaders, 3, get_fields("POST")) +
                         window_update(3, 1000) + setting(kTableSize, 4096));
  EXPECT_EQ(owner.session->failure(), "");
  owner.session->receive(setting(kInitialWindow, 0x7fffffff));
  EXPECT_NE(owner.session->failure().find("overflows"), std::string_view::npos);
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
  SessionLimits limits;
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

TEST(FloodGuardTest, ContinuationsAreCountedByTheHead) {
  SessionLimits limits;
  limits.continuations_max = 2;
  FloodGuard guard(limits);
  const FrameHead headers{.length = 1, .type = FrameType::headers, .flags = 0, .stream = 1};
  const FrameHead more{.length = 1, .type = FrameType::continuation, .flags = 0, .stream = 1};
  for (int head = 0; head < 20; ++head) {
    EXPECT_EQ(guard.admit(headers), nullptr);
    EXPECT_EQ(guard.admit(more), nullptr);
    EXPECT_EQ(guard.admit(more), nullptr);
  }
  EXPECT_STREQ(guard.admit(more), "too many CONTINUATION frames");
}

TEST(FloodGuardTest, AnEmptyFrameThatEndsAStreamIsNoFlood) {
  SessionLimits limits;
  limits.empty_data = {.burst = 1, .per_second = 0};
  FloodGuard guard(limits);
  const FrameHead last{.length = 0, .type = FrameType::data, .flags = kFlagEndStream, .stream = 1};
  for (int i = 0; i < 100; ++i) EXPECT_EQ(guard.admit(last), nullptr);
  const FrameHead empty{.length = 0, .type = FrameType::data, .flags = 0, .stream = 1};
  EXPECT_EQ(guard.admit(empty), nullptr);
  EXPECT_STREQ(guard.admit(empty), "too many empty DATA frames");
}

// Tokens accrue from the time of the last count, not from the start of the connection.
TEST(FloodGuardTest, TimeIsCountedOnce) {
  SessionLimits limits;
  limits.pings = {.burst = 2, .per_second = 1000};
  FloodGuard guard(limits);
  const FrameHead ping{.length = 8, .type = FrameType::ping, .flags = 0, .stream = 0};
  const TimePoint begin = Clock::now();
  int admitted = 0;
  while (Clock::now() - begin < std::chrono::milliseconds(50))
    admitted += guard.admit(ping) == nullptr ? 1 : 0;
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  EXPECT_LE(admitted, 3 + 1000 * seconds);
}

std::string joined(ResponseHead& head, const Response& response, std::string_view date) {
  std::string out;
  for (const auto& field : head.fields(response, date))
    out.append(field.name).append("=").append(field.value).append(";");
  return out;
}

std::string joined(const Response& response, std::string_view date = "") {
  ResponseHead head;
  return joined(head, response, date);
}

TEST(ResponseHeadTest, OneServesAllResponsesOfAConnection) {
  ResponseHead head;
  for (int round = 0; round < 100; ++round) {
    Response response;
    for (int i = 0; i <= round; ++i)
      response.headers.add("X-Field-Of-Some-Length-" + std::to_string(i), std::to_string(round));
    EXPECT_EQ(joined(head, response, "now"), joined(response, "now"));
  }
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
