// SPDX-License-Identifier: Apache-2.0
#include "http/h1/serializer.h"

#include <gtest/gtest.h>

namespace sluice::http::h1 {
namespace {

std::string head_of(const Response& response, const ResponseFraming& head) {
  std::string out;
  append_response_head(out, response, head);
  return out;
}

std::string head_of(const Request& request, std::optional<std::uint64_t> length,
                    const Destination& to = {}) {
  std::string out;
  append_request_head(out, request, length, to);
  return out;
}

Request request_to(std::string_view method, std::string_view target) {
  Request request;
  request.method = method;
  request.host = "a:80";
  EXPECT_TRUE(request.set_target(target));
  return request;
}

TEST(Serializer, AResponseHead) {
  Response response;
  response.headers.add("Content-Type", "text/plain");
  EXPECT_EQ(head_of(response, {.length = 5, .date = "Sun, 06 Nov 1994 08:49:37 GMT"}),
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 5\r\n"
            "Content-Type: text/plain\r\n\r\n");
}

TEST(Serializer, Interim) {
  Headers headers;
  headers.add("Link", "</a.css>; rel=preload");
  headers.add("Connection", "close");
  headers.add("Content-Length", "3");
  headers.add("X", "a\r\nB: c");
  std::string out;
  append_interim(out, 103, headers);
  EXPECT_EQ(out, "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n");
}

TEST(Serializer, FramingAndConnection) {
  Response response;
  response.status = 299;
  EXPECT_EQ(head_of(response, {.framing = Framing::chunked}),
            "HTTP/1.1 299 \r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(head_of(response, {.keep_alive = false, .framing = Framing::none}),
            "HTTP/1.1 299 \r\nConnection: close\r\n\r\n");
  EXPECT_EQ(head_of(response, {.version = Version::http10, .length = 0}),
            "HTTP/1.1 299 \r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(head_of(response, {.version = Version::http10, .framing = Framing::until_close}),
            "HTTP/1.1 299 \r\nConnection: close\r\n\r\n");
}

TEST(Serializer, ARequiredUpgradeIsNamed) {
  Response response;
  response.status = 426;
  response.headers.add("Upgrade", "websocket");
  EXPECT_EQ(head_of(response, {.framing = Framing::content_length}),
            "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\nConnection: Upgrade\r\n"
            "Upgrade: websocket\r\n\r\n");
  response.status = 400;
  EXPECT_EQ(head_of(response, {.framing = Framing::content_length}),
            "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
}

TEST(Serializer, ResponseKeepsItsOwnDate) {
  Response response;
  response.headers.add("date", "then");
  EXPECT_EQ(head_of(response, {.framing = Framing::none, .date = "now"}),
            "HTTP/1.1 200 OK\r\ndate: then\r\n\r\n");
}

TEST(Serializer, LeavesOutWhatIsNotItsToSend) {
  Response response;
  for (const char* name : {"connection", "Keep-Alive", "Proxy-Connection", "TE", "Upgrade",
                           "Transfer-Encoding", "Content-Length", "Proxy-Authenticate"}) {
    response.headers.add(name, "x");
  }
  response.headers.add("A", "b\r\nSet-Cookie: stolen=1");
  response.headers.add("B", std::string_view("b\0", 2));
  response.headers.add("C\r\nD", "b");
  response.headers.add("E: f\nG", "b");
  response.headers.add("", "b");
  response.headers.add("Kept", "tab\tand \xc3\xa4");
  EXPECT_EQ(head_of(response, {.framing = Framing::none}),
            "HTTP/1.1 200 OK\r\nKept: tab\tand \xc3\xa4\r\n\r\n");
}

TEST(Serializer, StatusThatIsNone) {
  Response response;
  for (const int status : {0, -1, 99, 1000, 200'000}) {
    response.status = status;
    EXPECT_TRUE(head_of(response, {}).starts_with("HTTP/1.1 500 Internal")) << status;
  }
}

TEST(Serializer, RequestHead) {
  Request request = request_to("GET", "/a%20b?c");
  request.headers.add("Accept", "*/*");
  request.headers.add("Proxy-Authorization", "secret");
  request.headers.add("Host", "other");
  EXPECT_EQ(head_of(request, 0), "GET /a%20b?c HTTP/1.1\r\nHost: a:80\r\nAccept: */*\r\n\r\n");
  EXPECT_EQ(head_of(request_to("POST", "/"), 0),
            "POST / HTTP/1.1\r\nHost: a:80\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(head_of(request_to("GET", "/?"), 7),
            "GET /? HTTP/1.1\r\nHost: a:80\r\nContent-Length: 7\r\n\r\n");
  EXPECT_EQ(head_of(request_to("OPTIONS", "*"), std::nullopt),
            "OPTIONS * HTTP/1.1\r\nHost: a:80\r\nTransfer-Encoding: chunked\r\n\r\n");
}

// A guest may set any text. No text may begin another request (RFC 9112 section 11.2).
TEST(Serializer, RequestLineCannotBeBroken) {
  Request request = request_to("GET", "/");
  request.method = "GET / HTTP/1.1\r\nA: b\r\n\r\nPOST";
  request.escaped_path = "a b\r\n";
  request.query = "x y#\r\n";
  request.host = "a\r\nB: c/d";
  EXPECT_EQ(head_of(request, 0),
            "GETHTTP1.1AbPOST /a%20b%0D%0A?x%20y%23%0D%0A HTTP/1.1\r\nHost: aB:cd\r\n\r\n");
  request.method = "\n";
  EXPECT_TRUE(head_of(request, 0).starts_with("GET /"));
}

TEST(Serializer, Chunks) {
  std::string out;
  append_chunk(out, "");
  append_chunk(out, std::string(26, 'x'));
  append_last_chunk(out);
  EXPECT_EQ(out, "1a\r\n" + std::string(26, 'x') + "\r\n0\r\n\r\n");
}

TEST(Serializer, ResponseFraming) {
  Response whole;
  whole.body.assign("abc");
  EXPECT_EQ(response_framing(whole, "GET", Version::http11), Framing::content_length);
  EXPECT_EQ(response_framing(whole, "HEAD", Version::http10), Framing::content_length);
  whole.status = 204;
  EXPECT_EQ(response_framing(whole, "GET", Version::http11), Framing::none);

  struct Nothing : BodyReader {
    Task<Result<std::string_view>> read() override { co_return std::string_view{}; }
  };
  Response stream;
  stream.body = Body(std::make_unique<Nothing>(), std::nullopt);
  EXPECT_EQ(response_framing(stream, "GET", Version::http11), Framing::chunked);
  EXPECT_EQ(response_framing(stream, "GET", Version::http10), Framing::until_close);
  EXPECT_EQ(response_framing(stream, "HEAD", Version::http10), Framing::none);
  stream.body = Body(std::make_unique<Nothing>(), 9);
  EXPECT_EQ(response_framing(stream, "GET", Version::http10), Framing::content_length);
}

TEST(Serializer, HopByHop) {
  for (const char* name : {"Connection", "keep-alive", "TE", "Transfer-Encoding", "Upgrade",
                           "Proxy-Connection", "Proxy-Authenticate"}) {
    EXPECT_TRUE(is_hop_by_hop(name)) << name;
  }
  // The Trailer field is end-to-end (RFC 9110 section 6.6.2).
  for (const char* name : {"Host", "Content-Length", "Cookie", "", "Connections", "Trailer"}) {
    EXPECT_FALSE(is_hop_by_hop(name)) << name;
  }
}

TEST(Serializer, TrailersFollowTheLastChunk) {
  Headers trailers;
  trailers.add("X-Sum", "1");
  trailers.add("Connection", "close");
  trailers.add("Bad", "a\r\nb");
  std::string out;
  append_chunk(out, "hello world");
  append_last_chunk(out, &trailers);
  append_chunk_size(out, 26);
  EXPECT_EQ(out, "b\r\nhello world\r\n0\r\nX-Sum: 1\r\n\r\n1a\r\n");
}

// RFC 9112 section 7.1.2.
TEST(Serializer, AWholeBodyWithTrailersIsChunkedForWhoWantsThem) {
  Response response;
  response.body.assign("x");
  EXPECT_EQ(response_framing(response, "GET", Version::http11, true), Framing::content_length);
  response.body.set_trailers(std::make_unique<Headers>());
  EXPECT_EQ(response_framing(response, "GET", Version::http11, true), Framing::chunked);
  EXPECT_EQ(response_framing(response, "GET", Version::http11, false), Framing::content_length);
  EXPECT_EQ(response_framing(response, "GET", Version::http10, true), Framing::content_length);
  EXPECT_EQ(response_framing(response, "HEAD", Version::http11, true), Framing::content_length);
  response.status = 204;
  EXPECT_EQ(response_framing(response, "GET", Version::http11, true), Framing::none);
}

TEST(Serializer, ADestinationReplacesHostAndExtendsThePath) {
  const Request request = request_to("GET", "/a%20b?q=1");
  EXPECT_EQ(head_of(request, 0, {.host = "b:8080"}),
            "GET /a%20b?q=1 HTTP/1.1\r\nHost: b:8080\r\n\r\n");
  EXPECT_EQ(head_of(request, 0, {.path_prefix = "/base%2F"}),
            "GET /base%2F/a%20b?q=1 HTTP/1.1\r\nHost: a:80\r\n\r\n");
  EXPECT_EQ(head_of(request, 0, {.host = "b", .path_prefix = "x y"}),
            "GET /x%20y/a%20b?q=1 HTTP/1.1\r\nHost: b\r\n\r\n");
  EXPECT_EQ(head_of(request, 0), "GET /a%20b?q=1 HTTP/1.1\r\nHost: a:80\r\n\r\n")
      << "the request is the same afterwards";
  const Request server_wide = request_to("OPTIONS", "*");
  EXPECT_EQ(head_of(server_wide, 0), "OPTIONS * HTTP/1.1\r\nHost: a:80\r\n\r\n");
  EXPECT_EQ(head_of(server_wide, 0, {.path_prefix = "/base"}),
            "OPTIONS /base* HTTP/1.1\r\nHost: a:80\r\n\r\n");
}

// RFC 9110 section 10.1.4: TE is for the next hop only.
TEST(Serializer, TrailersAreWantedForTheClient) {
  Request request;
  request.method = "GET";
  request.host = "a";
  request.escaped_path = "/";
  request.headers.add("TE", "deflate, trailers");
  std::string out;
  append_request_head(out, request, 0);
  EXPECT_EQ(out, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  request.wants_trailers = true;
  out.clear();
  append_request_head(out, request, 0);
  EXPECT_EQ(out, "GET / HTTP/1.1\r\nHost: a\r\nConnection: TE\r\nTE: trailers\r\n\r\n");
}

TEST(Serializer, UpgradesAreAskedForAndAgreedTo) {
  Request request;
  request.method = "GET";
  request.host = "a";
  request.escaped_path = "/";
  request.upgrade = "websocket";
  std::string out;
  append_request_head(out, request, 0);
  EXPECT_EQ(out, "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  Response response;
  response.status = 101;
  response.headers.add("Upgrade", "websocket");
  out.clear();
  append_response_head(out, response, {.framing = Framing::none, .upgrade = "websocket"});
  EXPECT_EQ(
      out, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
}

}  // namespace
}  // namespace sluice::http::h1
