// SPDX-License-Identifier: Apache-2.0
// Smuggling and malformed requests: one row per case, with the section that forbids it.
#include <gtest/gtest.h>

#include <string>

#include "http/h1/testing/transcript.h"

namespace sluice::http::h1 {
namespace {

using namespace std::string_literals;

struct RefusedRequest {
  const char* what;  // and the section: of RFC 9112 by default
  int status;
  std::string bytes;
};

// Adds fields to a request that is valid without them.
std::string with(const std::string& fields) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}
std::string chunked(const std::string& body) {
  return with("Transfer-Encoding: chunked\r\n") + body;
}
std::string target(const std::string& text) {
  return "GET " + text + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

const RefusedRequest kRows[] = {
    // Framing.
    {"both lengths, 6.1", 400, with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n")},
    {"both lengths, other order, 6.1", 400,
     with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n")},
    {"two lengths, 6.3", 400, with("Content-Length: 3\r\nContent-Length: 4\r\n")},
    {"two equal lengths, 6.3", 400, with("Content-Length: 3\r\nContent-Length: 3\r\n")},
    {"list of lengths, RFC 9110 8.6", 400, with("Content-Length: 3, 3\r\n")},
    {"plus sign, RFC 9110 8.6", 400, with("Content-Length: +3\r\n")},
    {"minus sign, RFC 9110 8.6", 400, with("Content-Length: -3\r\n")},
    {"space inside, RFC 9110 8.6", 400, with("Content-Length: 3 0\r\n")},
    {"hexadecimal, RFC 9110 8.6", 400, with("Content-Length: 0x10\r\n")},
    {"fraction, RFC 9110 8.6", 400, with("Content-Length: 1.0\r\n")},
    {"empty length, RFC 9110 8.6", 400, with("Content-Length:\r\n")},
    {"length beyond 63 bits, RFC 9110 8.6", 400, with("Content-Length: 9223372036854775808\r\n")},
    {"length beyond 64 bits, RFC 9110 8.6", 400, with("Content-Length: 18446744073709551617\r\n")},
    {"chunked twice, 6.1", 400, with("Transfer-Encoding: chunked, chunked\r\n")},
    {"two Transfer-Encodings, 6.1", 400,
     with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")},
    {"chunked not last, 6.1", 400, with("Transfer-Encoding: chunked, gzip\r\n")},
    {"identity after chunked, 6.1", 400,
     with("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n")},
    {"coding with a parameter, 7", 400, with("Transfer-Encoding: chunked;q=1\r\n")},
    {"quoted coding, 7", 400, with("Transfer-Encoding: \"chunked\"\r\n")},
    {"empty Transfer-Encoding, 6.1", 400, with("Transfer-Encoding:\r\n")},
    {"empty list element, 6.1", 400, with("Transfer-Encoding: ,chunked\r\n")},
    {"empty last element, 6.1", 400, with("Transfer-Encoding: chunked,\r\n")},
    {"vertical tab before the coding, 5.5", 400, with("Transfer-Encoding: \vchunked\r\n")},
    {"unknown coding, 6.1", 501, with("Transfer-Encoding: xchunked\r\n")},
    {"identity, 6.1", 501, with("Transfer-Encoding: identity\r\n")},
    {"coding before chunked, 6.1", 501, with("Transfer-Encoding: gzip, chunked\r\n")},
    {"Transfer-Encoding in HTTP/1.0, 6.1", 400,
     "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {"space before the colon, 5.1", 400, with("Content-Length : 3\r\n")},
    {"space before the colon, 5.1", 400, with("Transfer-Encoding : chunked\r\n")},
    // Chunks.
    {"empty chunk size, 7.1", 400, chunked("\r\n")},
    {"chunk size is no number, 7.1", 400, chunked("x\r\n")},
    {"chunk size 0x, 7.1", 400, chunked("0x3\r\nabc\r\n")},
    {"chunk size with sign, 7.1", 400, chunked("+3\r\nabc\r\n")},
    {"negative chunk size, 7.1", 400, chunked("-1\r\n")},
    {"space before chunk size, 7.1", 400, chunked(" 3\r\nabc\r\n")},
    {"space after chunk size, 7.1", 400, chunked("3 \r\nabc\r\n")},
    {"chunk size beyond 63 bits, 7.1", 400, chunked("8000000000000000\r\n")},
    {"chunk size beyond 64 bits, 7.1", 400, chunked("10000000000000003\r\nabc\r\n")},
    {"chunk longer than its size, 7.1", 400, chunked("3\r\nabcd\r\n")},
    {"chunk ended by LF, 7.1", 400, chunked("3\r\nabc\n0\r\n\r\n")},
    {"chunk size ended by LF, 7.1", 400, chunked("3\nabc\r\n")},
    {"LF in a chunk extension, 7.1.1", 400, chunked("3;a\nabc\r\n")},
    {"CR in a chunk extension, 7.1.1", 400, chunked("3;a\rb\r\nabc\r\n")},
    {"endless chunk extension, 7.1.1", 400, chunked("3;" + std::string(2000, 'a'))},
    {"bad trailer, 7.1.2", 400, chunked("0\r\nno colon\r\n\r\n")},
    {"folded trailer, 5.2", 400, chunked("0\r\na: b\r\n c\r\n\r\n")},
    {"trailer ended by LF, 2.2", 400, chunked("0\r\na: b\n\r\n")},
    {"trailers too large, 7.1.2", 431, chunked("0\r\na: " + std::string(70'000, 'b') + "\r\n\r\n")},
    // Lines.
    {"bare LF after the request line, 2.2", 400, "GET / HTTP/1.1\nHost: a\r\n\r\n"},
    {"bare LF after a field, 2.2", 400, "GET / HTTP/1.1\r\nHost: a\n\r\n"},
    {"bare LF as the last line, 2.2", 400, "GET / HTTP/1.1\r\nHost: a\r\n\n"},
    {"bare CR in a value, 2.2", 400, with("A: b\rContent-Length: 3\r\n")},
    {"bare CR at the end of a value, 2.2", 400, with("A: b\r\r\n")},
    {"bare CR in the request line, 2.2", 400, "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"CR before the request, 2.2", 400, "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"LF before the request, 2.2", 400, "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"three empty lines, 2.2", 400, "\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"obs-fold, 5.2", 400, with("A: b\r\n c\r\n")},
    {"obs-fold by tab, 5.2", 400, with("A: b\r\n\tc\r\n")},
    {"obs-fold of an empty value, 5.2", 400, with("Transfer-Encoding:\r\n chunked\r\n")},
    {"space before the first field, 2.2", 400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
    // Fields.
    {"NUL in a value, 5.5", 400, with("A: b\0c\r\n"s)},
    {"escape character in a value, 5.5", 400, with("A: b\x1b[0mlonger than a word\r\n")},
    {"delete character in a value, 5.5", 400, with("A: a long value with\x7f\r\n")},
    {"space in a name, 5.1", 400, with("A B: c\r\n")},
    {"tab after a name, 5.1", 400, with("A\t: c\r\n")},
    {"NUL in a name, 5.1", 400, with("A\0: c\r\n"s)},
    {"byte above ASCII in a name, 5.1", 400, with("\xc3\xa4: c\r\n")},
    {"parenthesis in a name, 5.1", 400, with("A(b): c\r\n")},
    {"empty name, 5.1", 400, with(": c\r\n")},
    {"no colon, 5", 400, with("Content-Length\r\n")},
    {"no token in Connection, RFC 9110 7.6.1", 400, with("Connection: a b\r\n")},
    {"unknown expectation, RFC 9110 10.1.1", 417, with("Expect: 200-ok\r\n")},
    {"head too large, RFC 6585 5", 431, with("A: " + std::string(70'000, 'b') + "\r\n")},
    // Host.
    {"no Host, 3.2", 400, "GET / HTTP/1.1\r\n\r\n"},
    {"two Hosts, 3.2", 400, with("Host: b\r\n")},
    {"two equal Hosts, 3.2", 400, with("Host: a\r\n")},
    {"two Hosts in HTTP/1.0, 3.2", 400, "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"},
    {"empty Host, 3.2", 400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
    {"list in Host, 3.2", 400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"},
    {"path in Host, 3.2", 400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
    {"userinfo in Host, 3.2", 400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
    {"port is no number, 3.2", 400, "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"},
    {"port too large, 3.2", 400, "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"},
    {"broken IPv6, 3.2", 400, "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"},
    {"absolute target does not excuse Host, 3.2", 400, "GET http://a/ HTTP/1.1\r\n\r\n"},
    {"absolute target does not excuse a bad Host, 3.2", 400,
     "GET http://a/ HTTP/1.1\r\nHost: b c\r\n\r\n"},
    // The request line.
    {"no target, 3", 400, "GET HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"empty target, 3", 400, target("")},
    {"two spaces, 3", 400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"tab for a space, 3", 400, "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"space at the end, 3", 400, "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"},
    {"space in the target, 3.2", 400, target("/a b")},
    {"control character in the target, 3.2", 400, target("/a\x01")},
    {"NUL in the target, 3.2", 400, target("/a\0b"s)},
    {"fragment in the target, 3.2", 400, target("/a#b")},
    {"relative target, 3.2", 400, target("a")},
    {"authority as target of GET, 3.2.3", 400, target("a:80")},
    {"unknown scheme, 3.2.2", 400, target("ftp://a/")},
    {"no authority, 3.2.2", 400, target("http:///a")},
    {"userinfo in the target, RFC 9110 4.2.4", 400, target("http://u:p@a/")},
    {"asterisk with GET, 3.2.4", 400, target("*")},
    {"broken escape, RFC 3986 2.1", 400, target("/%4")},
    {"escape is no hex, RFC 3986 2.1", 400, target("/%zz")},
    {"escaped NUL, RFC 3986 7.3", 400, target("/%00")},
    {"CONNECT, RFC 9110 9.3.6", 501, "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"target too long, 3", 414, target("/" + std::string(16'384, 'a'))},
    {"request line without end, 3", 414, "GET /" + std::string(17'408, 'a')},
    {"method too long, 3", 400, std::string(33, 'A') + " / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"no method, 3", 400, " / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"method is no token, 3.1", 400, "G@T / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"HTTP/0.9, 2.3", 400, "GET /\r\n"},
    {"HTTP/1.2, 2.3", 505, "GET / HTTP/1.2\r\nHost: a\r\n\r\n"},
    {"HTTP/2 preface, 2.3", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
    {"version in lower case, 2.3", 400, "GET / http/1.1\r\nHost: a\r\n\r\n"},
    {"version with two digits, 2.3", 400, "GET / HTTP/1.10\r\nHost: a\r\n\r\n"},
    {"TLS", 400, "\x16\x03\x01\x02"},
    {"binary garbage", 400, "\x80\xff\xfe"},
};

TEST(RequestParser, RefusesSmugglingAndMalformed) {
  for (const RefusedRequest& row : kRows) {
    const std::string whole = transcript({row.bytes});
    const std::string expected = "refused " + std::to_string(row.status) + " ";
    EXPECT_NE(whole.find(expected), std::string::npos) << row.what << ": " << whole;
    EXPECT_EQ(whole.find("done"), std::string::npos) << row.what;
  }
}

TEST(RequestParser, RefusesTheSameHoweverItIsCut) {
  for (const RefusedRequest& row : kRows) {
    const std::string whole = transcript({row.bytes});
    EXPECT_EQ(transcript(single_bytes(row.bytes)), whole) << row.what;
    if (row.bytes.size() > 1000) continue;
    for (std::size_t at = 1; at < row.bytes.size(); ++at) {
      EXPECT_EQ(transcript(cut_at(row.bytes, at)), whole) << row.what << " cut at " << at;
    }
  }
}

TEST(RequestParser, RefusesTooManyFields) {
  std::string fields;
  for (int i = 0; i < 199; ++i) fields += "a: b\r\n";
  EXPECT_EQ(transcript({with(fields)}).find("refused"), std::string::npos);
  EXPECT_NE(transcript({with(fields + "a: b\r\n")}).find("refused 431"), std::string::npos);
}

TEST(RequestParser, BoundsTheFieldsThatConnectionNames) {
  std::string names;
  for (int i = 0; i < 32; ++i) names += "n" + std::to_string(i) + ",";
  EXPECT_EQ(transcript({with("Connection: " + names + "\r\n")}).find("refused"), std::string::npos);
  EXPECT_NE(transcript({with("Connection: " + names + "more\r\n")}).find("refused 400"),
            std::string::npos);
}

TEST(RequestParser, BoundsChunkExtensionsOfAWholeBody) {
  std::string body;
  for (int i = 0; i < 100; ++i) body += "1;" + std::string(900, 'x') + "\r\na\r\n";
  EXPECT_NE(transcript({chunked(body)}).find("refused 400"), std::string::npos);
}

TEST(RequestParser, BoundsTheNumberOfTrailers) {
  std::string trailers;
  for (int i = 0; i < 201; ++i) trailers += "a: b\r\n";
  EXPECT_NE(transcript({chunked("0\r\n" + trailers + "\r\n")}).find("refused 431"),
            std::string::npos);
}

}  // namespace
}  // namespace sluice::http::h1
