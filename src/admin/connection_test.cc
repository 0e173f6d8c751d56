// SPDX-License-Identifier: Apache-2.0
// The server as a client of single bytes sees it: timeouts, limits, streams, and its end.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include "admin/http_server.h"
#include "admin/pipe.h"

namespace sluice::admin {
namespace {

using std::chrono::milliseconds;

constexpr int kDeadlineSeconds = 60;
constexpr std::size_t kPiece = std::size_t{1} << 20;

// A socket whose reads fail after kDeadlineSeconds.
class RawClient {
 public:
  explicit RawClient(int port) : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{kDeadlineSeconds, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(static_cast<std::uint16_t>(port));
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(descriptor_, reinterpret_cast<sockaddr*>(&where), sizeof where), 0);
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { close(); }

  RawClient& send(std::string_view text) {
    (void)!::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
    return *this;
  }
  RawClient& send_all(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) return *this;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    return *this;
  }
  RawClient& get(std::string_view path, std::string_view more = "") {
    return send("GET /apis/v2" + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" +
                std::string(more) + "\r\n");
  }
  RawClient& post(std::string_view path, std::string_view rest) {
    return send("POST /apis/v2" + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" +
                std::string(rest));
  }
  // Reads until the text so far ends with `end`; to the end of the stream if it is empty. "?" at
  // the end: nothing came in time.
  std::string read(std::string_view end = "") {
    std::string text;
    char c = 0;
    while (end.empty() || !text.ends_with(end)) {
      const ssize_t count = ::recv(descriptor_, &c, 1, 0);
      if (count < 0) return errno == ECONNRESET ? text : text + "?";
      if (count == 0) break;
      text += c;
    }
    return text;
  }
  // True once bytes of a response, or the end, have come.
  bool has_response() {
    char c = 0;
    return ::recv(descriptor_, &c, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
  }
  std::size_t drop_all() {
    std::vector<char> buffer(kPiece);
    std::size_t all = 0;
    ssize_t count = 0;
    while ((count = ::recv(descriptor_, buffer.data(), buffer.size(), 0)) > 0)
      all += static_cast<std::size_t>(count);
    return all;
  }
  // A reset instead of an orderly end.
  void abort() {
    const linger none{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    close();
  }
  // Ends this side only.
  void finish() { ::shutdown(descriptor_, SHUT_WR); }
  void close() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }

 private:
  int descriptor_;
};

bool wait_until(const std::function<bool()>& condition) {
  const TimePoint end = Clock::now() + std::chrono::seconds(kDeadlineSeconds);
  while (!condition() && Clock::now() < end) std::this_thread::sleep_for(milliseconds(1));
  return condition();
}

class ConnectionTest : public testing::Test {
 public:
  ConnectionTest(const ConnectionTest&) = delete;
  ConnectionTest& operator=(const ConnectionTest&) = delete;

 protected:
  ConnectionTest() {
    add("GET", "/ping", [](const ApiRequest&, const PathNames&) { return respond_text("pong"); });
    router_.add(
        {.group = "test",
         .method = "GET",
         .pattern = "/health",
         .handler = [](const ApiRequest&, const PathNames&) { return respond_text("well"); },
         .quick = true});
    add("POST", "/echo",
        [](const ApiRequest& request, const PathNames&) { return respond_text(request.body); });
    add("POST", "/hold", [this](const ApiRequest&, const PathNames&) {
      ++holding_;
      released_.wait();
      return respond_text("done");
    });
    add("GET", "/hold", [this](const ApiRequest&, const PathNames&) {
      ++holding_;
      released_.wait();
      return respond_text("done");
    });
    add("GET", "/stream", [this](const ApiRequest&, const PathNames&) {
      ApiResponse response = respond_text("");
      response.stream = [this, alive = alive_.lock()](const WritePiece& write) {
        const std::string piece(kPiece, 'x');
        for (std::size_t i = 0; i < pieces_max_; ++i, ++pieces_)
          if (!write(piece)) return false;
        return true;
      };
      return response;
    });
    add("GET", "/events", [this](const ApiRequest&, const PathNames&) {
      ApiResponse response = respond_text("");
      response.events = {.next =
                             [this, alive = alive_.lock()](std::string& out) {
                               if (pieces_ < pieces_max_) out = std::string(kPiece, 'x');
                               return ++pieces_ < pieces_max_ || endless_;
                             },
                         .pause = milliseconds(1)};
      return response;
    });
  }
  ~ConnectionTest() override { release(); }

  void add(const char* method, const char* pattern, Handler handler) {
    router_.add({"test", method, pattern, std::move(handler), 1000});
  }
  void start(Patience patience = {},
             std::size_t connections_max = ApiConnections::kConnectionsMax) {
    auto listener = net::Listener::open("127.0.0.1", 0, {.reuse_port = false});
    ASSERT_TRUE(listener) << listener.error().message;
    server_ = HttpServer::start({.listener = *std::move(listener),
                                 .access = access(),
                                 .config_version = [] { return "7"; },
                                 .patience = patience,
                                 .connections_max = connections_max},
                                router_, Logger());
  }
  static AccessControl access() { return {*Credentials::create({}), nullptr}; }
  [[nodiscard]] int port() const { return server_->port(); }
  std::string ask(std::string_view path) { return RawClient(port()).get(path, kClose).read(); }
  void release() {
    if (!std::exchange(is_released_, true)) released_.count_down();
  }

  static constexpr std::string_view kClose = "Connection: close\r\n";
  ApiRouter router_;
  std::atomic<int> holding_ = 0;
  std::latch released_{1};
  bool is_released_ = false;
  std::atomic<std::size_t> pieces_max_ = 64;  // a thread may read it while a test sets it
  bool endless_ = false;
  std::atomic<std::size_t> pieces_ = 0;
  std::shared_ptr<int> whole_ = std::make_shared<int>();  // streams hold it, too
  std::weak_ptr<int> alive_ = whole_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(ConnectionTest, ServesOneRequestAfterTheOther) {
  start();
  RawClient client(port());
  for (int i = 0; i < 3; ++i) {
    const std::string response = client.get("/ping").read("pong");
    EXPECT_TRUE(response.starts_with("HTTP/1.1 200 OK\r\n")) << response;
    EXPECT_EQ(response.find("Connection:"), std::string::npos);
    EXPECT_NE(response.find("X-Config-Version: 7\r\n"), std::string::npos);
    EXPECT_NE(response.find("Date: "), std::string::npos);
  }
  EXPECT_TRUE(client.post("/echo", "Content-Length: 3\r\n\r\nabc").read("abc").ends_with("abc"));
  client.get("/ping", kClose);
  EXPECT_TRUE(client.read().ends_with("pong"));
}

TEST_F(ConnectionTest, AnswersPipelinedRequestsInOrder) {
  start();
  RawClient client(port());
  client.post("/echo", "Content-Length: 1\r\n\r\na").post("/echo", "Content-Length: 1\r\n\r\nb");
  client.get("/ping", kClose);
  const std::string responses = client.read();
  EXPECT_LT(responses.find("\r\n\r\na"), responses.find("\r\n\r\nb"));
  EXPECT_TRUE(responses.ends_with("pong"));
}

TEST_F(ConnectionTest, HeadAndOldVersions) {
  start();
  RawClient head(port());
  head.send("HEAD /apis/v2/ping HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_NE(head.read("\r\n\r\n").find("Content-Length: 4\r\n"), std::string::npos);
  head.send("HEAD /apis/v2/stream HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(head.read().ends_with("\r\n\r\n")) << "no body";
  EXPECT_EQ(pieces_, 0U) << "and nothing was read for it";
  RawClient old(port());
  old.send("GET /apis/v2/ping HTTP/1.0\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(old.read().ends_with("\r\n\r\npong"));
  RawClient kept(port());
  kept.send("GET /apis/v2/ping HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(kept.read("pong").find("Connection: keep-alive\r\n"), std::string::npos);
}

TEST_F(ConnectionTest, BoundsTheTimeForAHead) {
  start({.head = milliseconds(100)});
  RawClient silent(port());
  RawClient slow(port());
  slow.send("GET /apis/v2/ping HT");
  EXPECT_EQ(silent.read(), "");
  EXPECT_TRUE(slow.read().starts_with("HTTP/1.1 408 "));
}

TEST_F(ConnectionTest, AHeadThatDripsHasNoMoreTime) {
  start({.head = milliseconds(100)});
  RawClient client(port());
  client.send("GET /apis/v2/ping HTTP/1.1\r\nA: ");
  EXPECT_TRUE(wait_until([&] {
    std::this_thread::sleep_for(milliseconds(10));
    client.send("x");
    return client.has_response();
  }));
}

TEST_F(ConnectionTest, BoundsTheTimeBetweenRequests) {
  start({.head = std::chrono::hours(1), .idle = milliseconds(50)});
  RawClient client(port());
  EXPECT_TRUE(client.get("/ping").read().ends_with("pong")) << "and then the end";
}

TEST_F(ConnectionTest, IdleConnectionsEndWhenTheAccessIsReplaced) {
  start({.idle = std::chrono::hours(1)});
  RawClient client(port());
  EXPECT_TRUE(client.get("/ping").read("pong").ends_with("pong"));
  server_->replace(access());
  EXPECT_EQ(client.read(), "") << "at once, without a further request";
}

TEST_F(ConnectionTest, BoundsTheTimeForABody) {
  start({.body = milliseconds(100)});
  RawClient client(port());
  const std::string response = client.post("/echo", "Content-Length: 5\r\n\r\nabc").read();
  EXPECT_TRUE(response.starts_with("HTTP/1.1 400 ")) << response;
  EXPECT_NE(response.find("ends in the middle"), std::string::npos);
}

TEST_F(ConnectionTest, RefusesALongBodyBeforeItComes) {
  start();
  RawClient announced(port());
  announced.post("/echo", "Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(announced.read("\r\n").starts_with("HTTP/1.1 413 "));
  RawClient chunked(port());
  const std::string body = "3e9\r\n" + std::string(1001, 'x') + "\r\n0\r\n\r\n";
  EXPECT_TRUE(chunked.post("/echo", "Transfer-Encoding: chunked\r\n\r\n" + body)
                  .read("\r\n")
                  .starts_with("HTTP/1.1 413 "));
  RawClient just(port());
  just.post("/echo", "Content-Length: 1000\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(just.read("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_TRUE(just.send(std::string(1000, 'y')).read().ends_with(std::string(1000, 'y')));
}

TEST_F(ConnectionTest, RefusesWhatIsNoRequest) {
  start();
  const auto status = [this](std::string_view bytes) {
    return RawClient(port()).send(bytes).read().substr(9, 3);
  };
  EXPECT_EQ(status("nonsense\r\n\r\n"), "400");
  EXPECT_EQ(status("PUT / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n"), "400");
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: localhost\r\nA: " + std::string(70'000, 'x')), "431");
  EXPECT_EQ(status("GET / HTTP/3.0\r\n\r\n"), "505");
}

TEST_F(ConnectionTest, BodiesOfBeforeDoNotCount) {
  router_.add({"test", "POST", "/large",
               [](const ApiRequest&, const PathNames&) { return ApiResponse{}; }});
  start();
  const std::string body(kBodyBytesMax, 'x');
  RawClient client(port());
  for (std::size_t sent = 0; sent <= Service::kBodiesBytesMax; sent += body.size()) {
    client.post("/large", "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n");
    const std::string head = client.send_all(body).read("\r\n\r\n");
    ASSERT_TRUE(head.starts_with("HTTP/1.1 200 ")) << sent << head;
  }
}

// A client that sends its body slowly takes the place of no other change.
TEST_F(ConnectionTest, SlowBodiesHoldUpNoChange) {
  start();
  std::vector<std::unique_ptr<RawClient>> slow;
  for (int i = 0; i < Service::kChangesMax + 20; ++i) {
    slow.push_back(std::make_unique<RawClient>(port()));
    slow.back()->post("/echo", "Content-Length: 5\r\n\r\nabc");
  }
  RawClient quick(port());
  quick.post("/echo", "Content-Length: 1\r\nConnection: close\r\n\r\na");
  EXPECT_TRUE(quick.read().starts_with("HTTP/1.1 200 "));
  for (const auto& client : slow) EXPECT_TRUE(client->send("de").read("abcde").ends_with("abcde"));
}

TEST_F(ConnectionTest, HandlersThatBlockHoldUpNoOtherCall) {
  start();
  std::vector<std::unique_ptr<RawClient>> held;
  for (int i = 0; i < Service::kChangesMax; ++i) {
    held.push_back(std::make_unique<RawClient>(port()));
    held.back()->post("/hold", "Connection: close\r\n\r\n");
  }
  ASSERT_TRUE(wait_until([&] { return holding_ == Service::kChangesMax; }));
  EXPECT_TRUE(ask("/ping").ends_with("pong"));
  RawClient further(port());
  EXPECT_TRUE(
      further.post("/hold", "Connection: close\r\n\r\n").read().starts_with("HTTP/1.1 503 "));
  const int rest = static_cast<int>(Threads::kThreads) - Service::kChangesMax;
  for (int i = 0; i < rest; ++i) {
    held.push_back(std::make_unique<RawClient>(port()));
    held.back()->get("/hold", kClose);
  }
  ASSERT_TRUE(wait_until([&] { return holding_ == static_cast<int>(Threads::kThreads); }));
  EXPECT_TRUE(ask("/health").ends_with("well")) << "though no thread is free";
  release();
  for (const auto& client : held) EXPECT_TRUE(client->read().ends_with("done"));
  RawClient again(port());
  EXPECT_TRUE(again.post("/hold", "Connection: close\r\n\r\n").read().ends_with("done"));
}

// While the client reads nothing, what is produced is bounded.
TEST_F(ConnectionTest, ASlowReaderHoldsItsStreamBack) {
  start();
  for (const char* path : {"/stream", "/events"}) {
    pieces_ = 0;
    RawClient slow(port());
    slow.get(path, kClose);
    ASSERT_TRUE(wait_until([&] { return pieces_ > 0; }));
    std::size_t before = 0;
    do {
      before = pieces_;
      for (int i = 0; i < 100; ++i) EXPECT_TRUE(ask("/ping").ends_with("pong"));
    } while (pieces_ != before);
    EXPECT_LT(pieces_, 32U) << path << ": what the kernel holds, and the pipe";
    EXPECT_GE(slow.drop_all(), pieces_max_ * kPiece) << path << ": all of it, in the end";
  }
}

TEST_F(ConnectionTest, AStreamEndsWhenItsClientLeaves) {
  endless_ = true;
  start();
  for (const char* path : {"/stream", "/events"}) {
    for (const bool abrupt : {true, false}) {
      for (const std::size_t pieces : {std::size_t{1}, std::size_t{1} << 30}) {
        pieces_ = 0;
        pieces_max_ = pieces;
        RawClient client(port());
        client.get(path);
        EXPECT_NE(client.read("\r\n\r\n").find("chunked"), std::string::npos);
        if (abrupt) {
          client.abort();
        } else {
          client.close();
        }
        EXPECT_TRUE(wait_until([&] { return alive_.use_count() == 1; })) << path << abrupt;
      }
    }
  }
}

// An end without a reset is all that comes from many a client that has left.
TEST_F(ConnectionTest, AStreamEndsWhenItsClientEndsItsSide) {
  endless_ = true;
  pieces_max_ = 0;
  start();
  RawClient client(port());
  client.get("/events").read("\r\n\r\n");
  client.finish();
  ASSERT_FALSE(client.read().ends_with("?")) << "the end of the connection";
  EXPECT_TRUE(wait_until([&] { return alive_.use_count() == 1; }));
}

TEST_F(ConnectionTest, BoundsTheConnections) {
  start({}, 4);
  std::vector<std::unique_ptr<RawClient>> silent;
  for (int i = 0; i < 4; ++i) silent.push_back(std::make_unique<RawClient>(port()));
  EXPECT_TRUE(ask("/ping").ends_with("pong"));
  EXPECT_EQ(silent[0]->read(), "") << "the one that was silent for longest";
  EXPECT_TRUE(silent[3]->get("/ping", kClose).read().ends_with("pong"));
}

// Strangers make room for strangers: a call of an admitted caller goes on, though it has waited for
// its client for longest.
TEST_F(ConnectionTest, StrangersEndNoCall) {
  start({}, 2);
  RawClient upload(port());
  upload.post("/echo", "Content-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(upload.read("\r\n\r\n").contains(" 100 "));
  std::vector<std::unique_ptr<RawClient>> strangers;
  for (int i = 0; i < 5; ++i) {
    strangers.push_back(std::make_unique<RawClient>(port()));
    if (i > 0) {
      EXPECT_EQ(strangers[static_cast<std::size_t>(i) - 1]->read(), "");
    }
  }
  upload.send("abcde");
  EXPECT_TRUE(upload.read().contains("abcde"));
}

// A new connection is closed if all others carry calls.
TEST_F(ConnectionTest, BusyConnectionsMakeNoRoom) {
  start({}, 2);
  RawClient first(port());
  RawClient second(port());
  first.get("/hold", kClose);
  second.get("/hold", kClose);
  ASSERT_TRUE(wait_until([&] { return holding_ == 2; }));
  EXPECT_EQ(RawClient(port()).read(), "");
  release();
  EXPECT_TRUE(first.read().ends_with("done"));
  EXPECT_TRUE(second.read().ends_with("done"));
}

TEST_F(ConnectionTest, AtTheEndHandlersFinishAndTheRestIsCut) {
  endless_ = true;
  pieces_max_ = 1;
  start();
  RawClient idle(port());
  EXPECT_TRUE(idle.get("/ping").read("pong").ends_with("pong"));
  RawClient silent(port());
  RawClient half(port());
  half.post("/echo", "Content-Length: 5\r\n\r\nabc");
  RawClient streams(port());
  streams.get("/events").read("\r\n\r\n");
  RawClient stuck(port());
  stuck.get("/stream").read("\r\n\r\n");
  RawClient works(port());
  works.get("/hold");
  ASSERT_TRUE(wait_until([&] { return holding_ == 1; }));
  std::thread end([this] { server_.reset(); });
  EXPECT_EQ(idle.read(), "");
  EXPECT_EQ(silent.read(), "");
  EXPECT_FALSE(half.read().contains(" 200 "));
  EXPECT_FALSE(streams.read().ends_with("\r\n0\r\n\r\n")) << "cut, not ended";
  release();
  EXPECT_TRUE(works.read().ends_with("done"));
  end.join();
  EXPECT_EQ(alive_.use_count(), 1);
}

TEST_F(ConnectionTest, ANewAccessEndsWhatTheOldOneLetIn) {
  start();
  RawClient kept(port());
  EXPECT_TRUE(kept.get("/ping").read("pong").ends_with("pong"));
  RawClient early(port());
  EXPECT_TRUE(ask("/ping").ends_with("pong")) << "so the others are accepted, too";
  server_->replace({*Credentials::create({.users = {{"alice", "apple"}}}), nullptr});
  EXPECT_EQ(kept.read(), "");
  EXPECT_TRUE(early.get("/ping").read().ends_with("pong")) << "made before, closed after one call";
  const std::string refused = RawClient(port()).get("/ping").read();
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 401 "));
  EXPECT_TRUE(refused.contains("Connection: close\r\n")) << "a stranger keeps no connection";
}

}  // namespace
}  // namespace sluice::admin
