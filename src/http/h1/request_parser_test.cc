// SPDX-License-Identifier: Apache-2.0
// Covers: field_kind.cc, framing.cc, line.cc
#include "http/h1/request_parser.h"

#include <gtest/gtest.h>

#include "http/h1/testing/transcript.h"

namespace sluice::http::h1 {
namespace {

struct Parsed {
  Request request;
  RequestParser parser;
  RequestParser::ParseResult result;
};

// Parses until the head is complete.
Parsed parse_head(std::string_view bytes) {
  Parsed p;
  p.parser.start(p.request);
  p.result = p.parser.parse(bytes);
  EXPECT_EQ(p.result.state, ParseState::head) << p.parser.refusal().reason;
  return p;
}

TEST(RequestParser, Get) {
  const std::string_view bytes =
      "GET /a%20b/c?x=1&y HTTP/1.1\r\nHost: shop.example:8080\r\nuser-agent:  curl/8 \r\n"
      "Accept: */*\r\nX-Empty:\r\n\r\n";
  auto p = parse_head(bytes);
  EXPECT_EQ(p.result.consumed, bytes.size());
  EXPECT_EQ(p.request.method, "GET");
  EXPECT_EQ(p.request.version, Version::http11);
  EXPECT_EQ(p.request.host, "shop.example:8080");
  EXPECT_EQ(p.request.scheme, "");
  EXPECT_EQ(p.request.escaped_path, "/a%20b/c");
  EXPECT_EQ(p.request.path, "/a b/c");
  EXPECT_EQ(p.request.query, "x=1&y");
  EXPECT_EQ(describe(p.request.headers), "user-agent: curl/8\nAccept: */*\nX-Empty: \n");
  EXPECT_FALSE(p.parser.has_body());
  EXPECT_EQ(p.parser.content_length(), 0u);
  EXPECT_TRUE(p.parser.keep_alive());
  EXPECT_FALSE(p.parser.expects_continue());
  const auto end = p.parser.parse({});
  EXPECT_EQ(end.state, ParseState::done);
  EXPECT_EQ(end.consumed, 0u);
}

// Rules and guests see the received fields, without those of this hop.
TEST(RequestParser, FieldsAreThereAsTheyCame) {
  const auto p = parse_head(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: X-Hop, close\r\n"
      "X-Hop: 1\r\nx-hop: 2\r\nExpect: 100-Continue\r\nUpgrade: x\r\nA: b\r\n\r\nabc");
  EXPECT_EQ(
      describe(p.request.headers),
      "Content-Length: 3\nConnection: X-Hop, close\nExpect: 100-Continue\nUpgrade: x\nA: b\n");
  EXPECT_TRUE(p.parser.has_body());
  EXPECT_EQ(p.parser.content_length(), 3u);
  EXPECT_TRUE(p.parser.expects_continue());
  EXPECT_FALSE(p.parser.keep_alive());
  EXPECT_EQ(p.parser.upgrade(), "");  // Connection does not name it
}

TEST(RequestParser, Upgrade) {
  const auto p = parse_head(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_EQ(p.parser.upgrade(), "websocket");
  const auto old =
      parse_head("GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  EXPECT_EQ(old.parser.upgrade(), "");
}

TEST(RequestParser, BodyByLengthAsPartsOfTheInput) {
  const std::string_view head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
  auto p = parse_head(head);
  EXPECT_EQ(p.parser.parse({}).state, ParseState::need_more);
  const std::string_view first = "ab";
  auto result = p.parser.parse(first);
  EXPECT_EQ(result.state, ParseState::body);
  EXPECT_EQ(result.body.data(), first.data());
  result = p.parser.parse("cdeGET /");
  EXPECT_EQ(result.state, ParseState::body);
  EXPECT_EQ(result.body, "cde");
  EXPECT_EQ(result.consumed, 3u);
  result = p.parser.parse("GET /");
  EXPECT_EQ(result.state, ParseState::done);
  EXPECT_EQ(result.consumed, 0u);
}

TEST(RequestParser, ChunksAndTrailers) {
  EXPECT_EQ(transcript({"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
                        "3\r\nabc\r\n00A;x=\"y z\"\r\n0123456789\r\n0;last\r\nContent-Length: 9\r\n"
                        "A: b\r\n\r\n"}),
            "POST / HTTP/1.1 host=a path=/\nTransfer-Encoding: Chunked\n"
            "-- body unknown length keep-alive\n"
            "abc0123456789\ntrailers\nA: b\n\ndone\nidle");
}

// A client must not hide a field from the rules that no codec sends on.
TEST(RequestParser, ConnectionDoesNotHideFieldsOfTheHop) {
  const auto p = parse_head(
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
      "Connection: Content-Length, Upgrade, Connection, X\r\nUpgrade: x\r\nX: 1\r\n\r\na");
  EXPECT_EQ(describe(p.request.headers),
            "Content-Length: 1\nConnection: Content-Length, Upgrade, Connection, X\nUpgrade: x\n");
}

// RFC 9110 section 7.6.1: fields that Connection names concern this hop, also as trailers.
TEST(RequestParser, TrailersThatConnectionNamesEndHere) {
  EXPECT_EQ(transcript({"POST / HTTP/1.1\r\nHost: a\r\nConnection: X-Hop\r\n"
                        "Transfer-Encoding: chunked\r\n\r\n0\r\nX-Hop: 1\r\n\r\n"}),
            "POST / HTTP/1.1 host=a path=/\nConnection: X-Hop\nTransfer-Encoding: chunked\n"
            "-- body unknown length keep-alive\n\ndone\nidle");
}

TEST(RequestParser, WhoWantsTrailersSaysSo) {
  const auto wanted = [](const std::string& fields) {
    Request request;
    RequestParser parser;
    parser.start(request);
    (void)parser.parse("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
    return request.wants_trailers;
  };
  EXPECT_FALSE(wanted(""));
  EXPECT_FALSE(wanted("TE: gzip\r\n"));
  EXPECT_TRUE(wanted("TE: trailers\r\nConnection: TE\r\n"));
  EXPECT_TRUE(wanted("TE: gzip, trailers\r\nTE: deflate\r\n"));
}

TEST(RequestParser, PipelinedRequestsAndEmptyLinesBetween) {
  EXPECT_EQ(transcript({"\r\nGET /1 HTTP/1.1\r\nHost: a\r\n\r\n\r\n\r\n"
                        "POST /2 HTTP/1.1\r\nHost: b\r\nContent-Length: 2\r\n\r\nhi"
                        "GET /3 HTTP/1.0\r\n\r\nGET"}),
            "GET /1 HTTP/1.1 host=a path=/1\n-- no body 0 keep-alive\n\ndone\n"
            "POST /2 HTTP/1.1 host=b path=/2\nContent-Length: 2\n-- body 2 keep-alive\nhi\ndone\n"
            "GET /3 HTTP/1.0 host= path=/3\n-- no body 0 close\n\ndone\nstarted");
}

TEST(RequestParser, AbsoluteTargetReplacesHost) {
  const auto p = parse_head("GET HTTPS://[::1]:8443?q HTTP/1.1\r\nHost: other\r\n\r\n");
  EXPECT_EQ(p.request.host, "[::1]:8443");
  EXPECT_EQ(p.request.scheme, "https");
  EXPECT_EQ(p.request.target(), "/?q");
}

TEST(RequestParser, AsteriskOfOptions) {
  const auto p = parse_head("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(p.request.escaped_path, "*");
}

TEST(RequestParser, KeepAlive) {
  const auto keeps = [](const std::string& version, const std::string& fields) {
    return parse_head("GET / " + version + "\r\nHost: a\r\n" + fields + "\r\n").parser.keep_alive();
  };
  EXPECT_TRUE(keeps("HTTP/1.1", ""));
  EXPECT_FALSE(keeps("HTTP/1.1", "Connection: Close\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.1", "Connection: keep-alive\r\nConnection: close\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.0", ""));
  EXPECT_TRUE(keeps("HTTP/1.0", "Connection: foo, , Keep-Alive\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.0", "Connection: keep-alive, close\r\n"));
}

TEST(RequestParser, ExpectationOnlyWithABodyAndVersion11) {
  EXPECT_FALSE(parse_head("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n")
                   .parser.expects_continue());
  EXPECT_FALSE(parse_head("POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
                   .parser.expects_continue());
}

TEST(RequestParser, StartedWithTheFirstByteOfAMessage) {
  RequestParser parser;
  Request request;
  parser.start(request);
  EXPECT_EQ(parser.parse("").state, ParseState::need_more);
  EXPECT_FALSE(parser.started());
  EXPECT_EQ(parser.parse("\r\n").consumed, 2u);
  EXPECT_FALSE(parser.started());
  EXPECT_EQ(parser.parse("G").state, ParseState::need_more);
  EXPECT_TRUE(parser.started());
  parser.start(request);
  EXPECT_FALSE(parser.started());
}

TEST(RequestParser, StaysRefused) {
  RequestParser parser;
  Request request;
  parser.start(request);
  EXPECT_EQ(parser.parse("\x16\x03").state, ParseState::refused);
  EXPECT_EQ(parser.parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n").state, ParseState::refused);
  EXPECT_FALSE(parser.keep_alive());
  parser.start(request);
  EXPECT_EQ(parser.parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n").state, ParseState::head);
}

TEST(RequestParser, SameResultHoweverItIsCut) {
  const std::string bytes =
      "\r\nPOST /p%41th?q HTTP/1.1\r\nHost: a\r\nConnection: x\r\nX: 1\r\n"
      "Transfer-Encoding: chunked\r\n\r\n"
      "5;ext=1\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nT: railer\r\n\r\n"
      "GET / HTTP/1.1\r\nHost: b\r\nUser-Agent: something rather long\r\nAccept: */*\r\n\r\n"
      "PUT /x HTTP/1.1\r\nHost: c\r\nContent-Length: 10\r\n\r\n0123456789";
  const std::string whole = transcript({bytes});
  EXPECT_EQ(transcript(single_bytes(bytes)), whole);
  for (std::size_t a = 0; a < bytes.size(); ++a) {
    for (std::size_t b = a; b < bytes.size(); b += 7) {
      const std::string_view view = bytes;
      ASSERT_EQ(transcript({view.substr(0, a), view.substr(a, b - a), view.substr(b)}), whole);
    }
  }
}

// Compares one long line, byte by byte, with a head that takes quadratic work.
TEST(RequestParser, WorkIsLinearInTheBytes) {
  const std::string bytes =
      "GET / HTTP/1.1\r\nHost: a\r\nCookie: " + std::string(60'000, 'c') + "\r\n\r\n";
  RequestParser parser;
  Request request;
  parser.start(request);
  std::size_t consumed = 0;
  ParseState state = ParseState::need_more;
  for (std::size_t end = 1; end <= bytes.size(); ++end) {
    const auto result = parser.parse(std::string_view(bytes).substr(consumed, end - consumed));
    consumed += result.consumed;
    state = result.state;
  }
  EXPECT_EQ(state, ParseState::head);
}

TEST(RequestParser, LimitsAreExact) {
  const std::string bytes = "GET /45678 HTTP/1.1\r\nHost: a\r\n\r\n";
  const auto size = static_cast<std::uint32_t>(bytes.size());
  EXPECT_NE(transcript({bytes}, {.head_bytes_max = size}).find("done"), std::string::npos);
  EXPECT_NE(transcript({bytes}, {.head_bytes_max = size - 1}).find("refused 431"),
            std::string::npos);
  EXPECT_NE(transcript({bytes}, {.target_bytes_max = 6}).find("done"), std::string::npos);
  EXPECT_NE(transcript({bytes}, {.target_bytes_max = 5}).find("refused 414"), std::string::npos);
}

// One parser serves all requests of a connection. A request leaves no trace in the next one, and
// each has the full limits.
TEST(RequestParser, EveryRequestOfAConnectionIsReadAsIfItWereTheFirst) {
  const std::vector<std::string> requests = {
      "GET /1 HTTP/1.1\r\nHost: a\r\nX-Hop: 1\r\nA: 1\r\n\r\n",
      "GET /2 HTTP/1.1\r\nHost: a\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n",
      "GET /3 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
      "GET /4 HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n",
      "POST /5 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx",
      "POST /6 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
      std::string("POST /7 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "1;a=b\r\nx\r\n0\r\nS: 1\r\nT: 2\r\nU: 3\r\n\r\n"),
      "POST /8 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "GET /9 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
      "GET /10 HTTP/1.0\r\n\r\n",
      "GET http://b.example/11 HTTP/1.1\r\nHost: a\r\n\r\n",
      "\r\n\r\nGET /12 HTTP/1.1\r\nHost: a\r\n\r\n"};
  const RequestLimits limits{.head_bytes_max = 85, .fields_max = 3};
  const auto one = [&](const std::string& bytes) {
    std::string out = transcript({bytes}, limits);
    EXPECT_TRUE(out.ends_with("done\nidle")) << bytes << out;
    return out.substr(0, out.size() - 4);
  };
  for (const std::string& first : requests) {
    for (const std::string& second : requests) {
      EXPECT_EQ(transcript({first + second + first}, limits),
                one(first) + one(second) + one(first) + "idle");
    }
  }
}

TEST(RequestParser, EachRequestNamesAsManyOptionsAsTheFirst) {
  const std::string request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: ";
  std::string options;
  for (int i = 0; i < 32; ++i) options += (i > 0 ? "," : "") + ("x" + std::to_string(i));
  std::string many;
  for (int i = 0; i < 3; ++i) many += request + options + "\r\n\r\n";
  EXPECT_EQ(transcript({many}).find("refused"), std::string::npos);
  EXPECT_NE(transcript({request + options + ",y\r\n\r\n"}).find("refused 400"), std::string::npos);
}

TEST(RequestParser, AnEarlierTeFieldIsNotForgotten) {
  Request request;
  RequestParser parser;
  parser.start(request);
  (void)parser.parse("GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTE: gzip\r\n\r\n");
  EXPECT_TRUE(request.wants_trailers);
}

}  // namespace
}  // namespace sluice::http::h1
