// SPDX-License-Identifier: Apache-2.0
#include "admin/http_server.h"

#include <gtest/gtest.h>
#include <httplib.h>

namespace sluice::admin {
namespace {

using Headers = httplib::Headers;

// Counts the bytes of a body without a "!".
class Counter final : public Intake {
 public:
  Result<void> take(std::string_view piece) override {
    size_ += piece.size();
    if (piece.find('!') == std::string_view::npos) return {};
    return fail(ErrorKind::invalid, "no shouting");
  }
  Result<ApiResponse> finish() override { return respond_text(std::to_string(size_)); }

 private:
  std::size_t size_ = 0;
};

class HttpServerTest : public testing::Test {
 protected:
  void SetUp() override {
    add("POST", "/echo",
        [](const ApiRequest& request, const PathNames&) { return respond_text(request.body); });
    add("GET", "/throw", [](const ApiRequest&, const PathNames&) -> Result<ApiResponse> {
      throw std::runtime_error("boom");
    });
    add("GET", "/stream", [](const ApiRequest&, const PathNames&) {
      ApiResponse response = respond_text("");
      response.stream = [](const WritePiece& write) {
        for (const char* piece : {"01", "", "23", "4"}) EXPECT_TRUE(write(piece));
        return true;
      };
      return response;
    });
    add("GET", "/half", [](const ApiRequest&, const PathNames&) {
      ApiResponse response = respond_text("");
      response.stream = [](const WritePiece& write) { return write("half") && false; };
      return response;
    });
    add_intake("/count",
               [](const ApiRequest&, const PathNames&) -> Result<std::unique_ptr<Intake>> {
                 return std::make_unique<Counter>();
               });
    add_intake("/refuse",
               [](const ApiRequest&, const PathNames&) -> Result<std::unique_ptr<Intake>> {
                 return fail(ErrorKind::not_found, "no");
               });
    credentials_ = *Credentials::create(credential_options());
    auto listener = net::Listener::open("127.0.0.1", 0, {.reuse_port = false});
    ASSERT_TRUE(listener) << listener.error().message;
    server_ = HttpServer::start({*std::move(listener), {credentials_, nullptr}, [] { return "7"; }},
                                router_, Logger());
    client_ = std::make_unique<httplib::Client>("127.0.0.1", server_->port());
  }
  void add(const char* method, const char* pattern, Handler handler) {
    router_.add({"test", method, pattern, std::move(handler), 1000});
  }
  void add_intake(const char* pattern, OpenIntake open) {
    router_.add({.group = "test", .method = "PUT", .pattern = pattern, .intake = std::move(open)});
  }
  virtual CredentialOptions credential_options() { return {}; }
  ApiRouter router_;
  std::shared_ptr<Credentials> credentials_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<httplib::Client> client_;
};

TEST_F(HttpServerTest, AnswersWithTheVersionOfTheConfiguration) {
  const auto echoed = client_->Post("/apis/v2/echo", "text", "text/plain");
  ASSERT_TRUE(echoed);
  EXPECT_EQ(echoed->body, "text");
  EXPECT_EQ(echoed->get_header_value("X-Config-Version"), "7");
  EXPECT_EQ(client_->Get("/nowhere")->get_header_value("X-Config-Version"), "7");
}

TEST_F(HttpServerTest, PostWithoutABodyDoesNotWaitForOne) {
  EXPECT_EQ(client_->Post("/apis/v2/echo")->status, 200);
}

TEST_F(HttpServerTest, BoundsTheBody) {
  EXPECT_EQ(client_->Post("/apis/v2/echo", std::string(1000, 'x'), "text/plain")->status, 200);
  EXPECT_EQ(client_->Post("/apis/v2/echo", std::string(1001, 'x'), "text/plain")->status, 413);
  EXPECT_EQ(client_->Post("/apis/v2/echo", std::string(9'000'000, 'x'), "text/plain")->status, 413);
}

TEST_F(HttpServerTest, BodiesOfAnyLengthAreReadAsTheyCome) {
  const std::string large(5'000'000, 'x');
  EXPECT_EQ(client_->Put("/apis/v2/count", large, "text/plain")->body, "5000000");
  EXPECT_EQ(client_->Put("/apis/v2/count", "", "text/plain")->body, "0");
  EXPECT_EQ(client_->Put("/apis/v2/count", "!" + large, "text/plain")->status, 400);
  EXPECT_EQ(client_->Put("/apis/v2/refuse", large, "text/plain")->status, 404);
}

TEST_F(HttpServerTest, AnExceptionIsAStatus) {
  EXPECT_EQ(client_->Get("/apis/v2/throw")->status, 500);
  EXPECT_EQ(client_->Get("/apis/v2/stream")->status, 200);
}

TEST_F(HttpServerTest, StreamsAndCutsWhatFailed) {
  EXPECT_EQ(client_->Get("/apis/v2/stream")->body, "01234");
  EXPECT_FALSE(client_->Get("/apis/v2/half"));
}

TEST_F(HttpServerTest, RefusesWebPages) {
  EXPECT_EQ(client_->Get("/apis/v2/stream", Headers{{"Origin", "http://evil.example"}})->status,
            403);
  EXPECT_EQ(client_->Get("/apis/v2/stream", Headers{{"Host", "evil.example"}})->status, 403);
  for (const char* origin : {"http://localhost:8000", "https://evil.localhost", "null", "file://",
                             "chrome-extension://localhost"}) {
    EXPECT_EQ(client_->Get("/apis/v2/stream", Headers{{"Origin", origin}})->status, 403) << origin;
  }
  EXPECT_EQ(client_
                ->Get("/apis/v2/stream",
                      Headers{{"Host", "localhost:2381"}, {"Origin", "http://localhost:2381"}})
                ->status,
            200);
}

TEST_F(HttpServerTest, ReadsWhatTheBrowserSaysOfTheSite) {
  const auto get = [this](const Headers& headers) {
    return client_->Get("/apis/v2/stream", headers)->status;
  };
  EXPECT_EQ(get({{"Sec-Fetch-Site", "same-origin"}}), 200);
  EXPECT_EQ(get({{"Sec-Fetch-Site", "none"}}), 200);
  EXPECT_EQ(get({{"Sec-Fetch-Site", "same-site"}}), 403);
  EXPECT_EQ(get({{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "no-cors"}}), 403);
  EXPECT_EQ(get({{"Sec-Fetch-Site", "cross-site"},
                 {"Sec-Fetch-Mode", "navigate"},
                 {"Sec-Fetch-Dest", "document"}}),
            200)
      << "a link";
}

TEST_F(HttpServerTest, RangesDoNoHarm) {
  const auto response = client_->Get("/apis/v2/echo", Headers{{"Range", "bytes=500-600"}});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 405);
  EXPECT_EQ(client_->Get("/apis/v2/stream")->status, 200);
}

class LockedHttpServerTest : public HttpServerTest {
 protected:
  CredentialOptions credential_options() override {
    return {.users = {{"alice", "apple"}, {"bob", "banana"}}, .tokens = {}, .readers = {"bob"}};
  }
};

TEST_F(LockedHttpServerTest, StrangersGetNowhere) {
  for (const char* path : {"/apis/v2/stream", "/apis/v2/throw", "/nowhere"}) {
    const auto response = client_->Get(path);
    EXPECT_EQ(response->status, 401) << path;
    EXPECT_NE(response->get_header_value("WWW-Authenticate").find("Basic"), std::string::npos);
  }
  EXPECT_EQ(client_->Put("/apis/v2/count", std::string(100'000, 'x'), "text/plain")->status, 401);
}

TEST_F(LockedHttpServerTest, ReadersReadAndAdminsChange) {
  client_->set_basic_auth("bob", "banana");
  EXPECT_EQ(client_->Get("/apis/v2/stream")->status, 200);
  EXPECT_EQ(client_->Put("/apis/v2/count", "1", "text/plain")->status, 403);
  client_->set_basic_auth("alice", "apple");
  EXPECT_EQ(client_->Put("/apis/v2/count", "1", "text/plain")->status, 200);
}

TEST_F(LockedHttpServerTest, AnyNameWillDoButNoPageOfAnother) {
  client_->set_basic_auth("alice", "apple");
  EXPECT_EQ(client_->Get("/apis/v2/stream", Headers{{"Host", "gateway.example"}})->status, 200);
  EXPECT_EQ(client_
                ->Get("/apis/v2/stream",
                      Headers{{"Host", "gateway.example"}, {"Origin", "https://evil.example"}})
                ->status,
            403);
}

}  // namespace
}  // namespace sluice::admin
