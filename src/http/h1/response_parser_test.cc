// SPDX-License-Identifier: Apache-2.0
#include "http/h1/response_parser.h"

#include <gtest/gtest.h>

#include "http/h1/testing/transcript.h"

namespace sluice::http::h1 {
namespace {

std::string parse(std::string_view bytes, std::string_view method = "GET", bool eof = false) {
  return transcript({bytes}, method, eof);
}

TEST(ResponseParser, ByLength) {
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: x\r\n\r\nhello"),
            "200\nServer: x\n-- body 5 keep-alive\nhello\ndone");
}

TEST(ResponseParser, Chunked) {
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                  "3\r\nabc\r\n0\r\nT: x\r\n\r\n"),
            "200\n-- body unknown length close\nabc\ntrailers\nT: x\n\ndone");
}

TEST(ResponseParser, UntilClose) {
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\n\r\nabc", "GET", true),
            "200\n-- body unknown length close\nabc\neof");
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\n\r\n", "GET", true),
            "200\n-- body unknown length close\n\neof");
}

TEST(ResponseParser, NoBodyByMethodOrStatus) {
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD"),
            "200\n-- no body 5 keep-alive\n\ndone");
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HEAD"),
            "200\n-- no body unknown length keep-alive\n\ndone");
  EXPECT_EQ(parse("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
            "304\n-- no body 5 keep-alive\n\ndone");
  EXPECT_EQ(parse("HTTP/1.1 204 No Content\r\n\r\n"),
            "204\n-- no body unknown length keep-alive\n\ndone");
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
            "200\n-- no body 0 keep-alive\n\ndone");
}

// The next bytes may be a body or the next response: the connection is not reused.
TEST(ResponseParser, NoReuseWhereTheEndIsInDoubt) {
  EXPECT_EQ(parse("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"),
            "204\n-- no body 5 close\n\ndone");
  EXPECT_EQ(parse("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
            "101\nUpgrade: x\n-- body unknown length close\n");
  EXPECT_EQ(parse("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nHTTP/1.1 200 OK\r\n"),
            "101\nUpgrade: x\n-- body unknown length close\nHTTP/1.1 200 OK\r\n");
  EXPECT_EQ(parse("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
            "200\n-- no body 0 close\n\ndone");
  EXPECT_EQ(parse("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"),
            "200\n-- no body 0 keep-alive\n\ndone");
}

TEST(ResponseParser, SkipsInterimResponses) {
  EXPECT_EQ(parse("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
                  "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"),
            "200\n-- no body 0 keep-alive\n\ndone");
}

TEST(ResponseParser, DropsWhiteSpaceBeforeAColon) {
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nX-A : 1\r\nX-B \t: 2\r\nContent-Length: 0\r\n\r\n"),
            "200\nX-A: 1\nX-B: 2\n-- no body 0 keep-alive\n\ndone");
}

class Told final : public InterimSink {
 public:
  void send_interim(int status, const Headers& headers) override {
    text += std::to_string(status);
    for (const Field& field : headers) text += " " + field.name + "=" + field.value;
    text += "\n";
  }
  std::string text;
};

TEST(ResponseParser, TellsOfInterimResponses) {
  Told told;
  Response response;
  ResponseParser parser;
  parser.start(response, "GET", &told);
  const auto result = parser.parse(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\nConnection: x-hop\r\n"
      "X-Hop: b\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: c\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(result.state, ParseState::head);
  EXPECT_EQ(told.text, "100\n103 Link=a\n103 Link=c\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_FALSE(response.headers.contains("Link"));
}

TEST(ResponseParser, SaysForHowLongTheConnectionIsKept) {
  const auto kept = [](const std::string& value) {
    Response response;
    ResponseParser parser;
    parser.start(response, "GET");
    (void)parser.parse("HTTP/1.1 200 OK\r\nKeep-Alive: " + value + "\r\nContent-Length: 0\r\n\r\n");
    const KeepAlive& found = parser.kept_for();
    return (found.timeout ? std::to_string(*found.timeout) : "-") + " " +
           (found.max ? std::to_string(*found.max) : "-");
  };
  EXPECT_EQ(kept("timeout=5, max=100"), "5 100");
  EXPECT_EQ(kept(" Timeout = 7"), "7 -");
  EXPECT_EQ(kept("max=0"), "- 0");
  EXPECT_EQ(kept("timeout=soon"), "0 -");
  EXPECT_EQ(kept("timeout=99999999999"), "0 -");
  EXPECT_EQ(kept("x"), "- -");
}

struct RefusedResponse {
  const char* what;  // and the section of RFC 9112
  std::string bytes;
};

std::string response_with(const std::string& fields) {
  return "HTTP/1.1 200 OK\r\n" + fields + "\r\n";
}

std::string endless_interim() {
  std::string bytes;
  for (int i = 0; i < 4000; ++i) bytes += "HTTP/1.1 100 Continue\r\n\r\n";
  return bytes;
}

const RefusedResponse kRefused[] = {
    {"both lengths, 6.3", response_with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")},
    {"two lengths, 6.3", response_with("Content-Length: 1\r\nContent-Length: 2\r\n")},
    {"two equal lengths, 6.3", response_with("Content-Length: 1\r\nContent-Length: 1\r\n")},
    {"signed length, 6.3", response_with("Content-Length: +1\r\n")},
    {"unknown coding, 6.1", response_with("Transfer-Encoding: gzip\r\n")},
    {"chunked not last, 6.1", response_with("Transfer-Encoding: chunked, gzip\r\n")},
    {"Transfer-Encoding in HTTP/1.0, 6.1", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {"interim response with a length, 6.3", "HTTP/1.1 100 Continue\r\nContent-Length: 1\r\n\r\n"},
    {"endless interim responses", endless_interim()},
    {"bare LF, 2.2", "HTTP/1.1 200 OK\n\n"},
    {"bare LF after a field, 2.2", response_with("A: b\n")},
    {"obs-fold, 5.2", response_with("A: b\r\n c\r\n")},
    {"space before the colon of a length, 5.1", response_with("Content-Length : 1\r\n")},
    {"space before the colon of a coding, 5.1", response_with("Transfer-Encoding\t: chunked\r\n")},
    {"space in a name, 5.1", response_with("A b: c\r\n")},
    {"control character, 5.5", response_with("A: \x01\r\n")},
    {"bad chunk, 7.1", response_with("Transfer-Encoding: chunked\r\n") + "x\r\n"},
    {"no HTTP, 4", "ICY 200 OK\r\n\r\n"},
    {"HTTP/2, 4", "HTTP/2.0 200 OK\r\n\r\n"},
    {"HTTP/1.2, 4", "HTTP/1.2 200 OK\r\n\r\n"},
    {"short status, 4", "HTTP/1.1 20\r\n\r\n"},
    {"long status, 4", "HTTP/1.1 2000\r\n\r\n"},
    {"status below 100, 4", "HTTP/1.1 099 x\r\n\r\n"},
    {"status is no number, 4", "HTTP/1.1 2x0 OK\r\n\r\n"},
    {"no space, 4", "HTTP/1.1-200 OK\r\n\r\n"},
    {"control character in the reason, 4", "HTTP/1.1 200 O\x01\r\n\r\n"},
    {"endless status line", "HTTP/1.1 200 " + std::string(9000, 'a')},
    {"head too large", response_with("A: " + std::string(70'000, 'b') + "\r\n")},
};

TEST(ResponseParser, RefusesAmbiguousAndMalformed) {
  for (const RefusedResponse& row : kRefused) {
    const std::string whole = parse(row.bytes);
    EXPECT_NE(whole.find("refused"), std::string::npos) << row.what << ": " << whole;
    EXPECT_EQ(transcript(single_bytes(row.bytes), "GET", false), whole) << row.what;
  }
}

TEST(ResponseParser, RefusesATruncatedMessage) {
  const std::string closed = "connection closed before the end of the response";
  for (const char* bytes : {"", "HTTP/1.1", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"}) {
    EXPECT_TRUE(parse(bytes, "GET", true).ends_with(closed)) << bytes;
  }
}

TEST(ResponseParser, SameResultHoweverItIsCut) {
  const std::string bytes =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n"
      "5\r\nhello\r\n6;x\r\n world\r\n0\r\nT: r\r\n\r\n";
  const std::string whole = parse(bytes);
  EXPECT_EQ(transcript(single_bytes(bytes), "GET", false), whole);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    ASSERT_EQ(transcript(cut_at(bytes, at), "GET", false), whole) << at;
  }
}

// One parser serves all responses of a connection.
TEST(ResponseParser, EveryResponseOfAConnectionIsReadAsIfItWereTheFirst) {
  const std::vector<std::string> responses = {
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Hop: 1\r\nA: b\r\n\r\nhi",
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nKeep-Alive: timeout=5\r\n\r\n",
      std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x\r\na\r\n0\r\nT: 1\r\n"
                  "U: 2\r\n\r\n"),
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      std::string("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 404 Not Found\r\n"
                  "Content-Length: 0\r\n\r\n"),
      "HTTP/1.1 204 No Content\r\n\r\n",
      "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"};
  const ResponseLimits limits{.head_bytes_max = 96, .fields_max = 3};
  const auto one = [&](const std::string& bytes) {
    std::string out = transcript_of_all(bytes, "GET", limits);
    EXPECT_TRUE(out.ends_with("done\n")) << bytes << out;
    return out;
  };
  for (const std::string& first : responses) {
    for (const std::string& second : responses) {
      EXPECT_EQ(transcript_of_all(first + second + first, "GET", limits),
                one(first) + one(second) + one(first));
    }
  }
}

TEST(ResponseParser, FieldsOfAnInterimResponseAreNotInTheResponse) {
  EXPECT_EQ(parse("HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200\r\n"
                  "Content-Length: 0\r\n\r\n"),
            "200\n-- no body 0 keep-alive\n\ndone");
}

}  // namespace
}  // namespace sluice::http::h1
