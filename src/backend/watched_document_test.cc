// SPDX-License-Identifier: Apache-2.0
// Covers: side_client.cc
#include "backend/watched_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "backend/testing/scripted_server.h"
#include "loop/loop_thread.h"
#include "loop/testing/run_to_completion.h"

namespace sluice::backend {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// A service on its own thread, whose answer can be set.
class Library {
 public:
  Library() {
    thread_.run([this] {
      server_ = std::make_unique<ScriptedServer>(
          thread_.loop(), std::vector<ScriptedServer::Script>{
                              [this](Peer& peer) -> Task<void> { return answer(*this, peer); }});
      return 0;
    });
  }
  ~Library() {
    thread_.run([this] {
      server_.reset();
      return 0;
    });
  }
  [[nodiscard]] std::string url() const { return server_->url() + "/keys?v=1"; }
  void set(const std::string& response) {
    const std::lock_guard lock(mutex_);
    response_ = response;
  }
  static std::string ok(const std::string& text) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text;
  }
  std::atomic<int> asked{0};
  [[nodiscard]] std::string head() {
    const std::lock_guard lock(mutex_);
    return head_;
  }

 private:
  static Task<void> answer(Library& self, Peer& peer) {
    while (true) {
      const std::string head = co_await peer.head();
      if (head.empty()) co_return;
      std::string response;
      {
        const std::lock_guard lock(self.mutex_);
        self.head_ = head;
        response = self.response_;
      }
      ++self.asked;
      if (response.empty()) co_return;  // closes without an answer
      co_await peer.send(response);
    }
  }

  loop::LoopThread thread_;
  std::unique_ptr<ScriptedServer> server_;
  std::mutex mutex_;
  std::string response_ = ok("first");
  std::string head_;
};

class WatchedDocumentTest : public ::testing::Test {
 protected:
  static bool holds_soon(const std::function<bool()>& holds) {
    const TimePoint end = Clock::now() + 30s;
    while (Clock::now() < end) {
      if (holds()) return true;
      std::this_thread::sleep_for(1ms);
    }
    return false;
  }
  std::shared_ptr<const SideService> service(const std::string& url, SideLimits limits = {}) {
    return *SideService::make(url, nullptr, limits, 1);
  }
  std::unique_ptr<WatchedDocument> watch(DocumentSource source) {
    return std::make_unique<WatchedDocument>(
        checks_, pool_, std::move(source),
        [taken = taken_](std::string_view text) -> Result<void> {
          const std::lock_guard lock(taken->mutex);
          if (text == "garbage") return fail(ErrorKind::invalid, "is garbage");
          taken->texts.emplace_back(text);
          return {};
        },
        Logger());
  }
  std::vector<std::string> taken() {
    const std::lock_guard lock(taken_->mutex);
    return taken_->texts;
  }

  struct Taken {
    std::mutex mutex;
    std::vector<std::string> texts;
  };
  std::shared_ptr<Taken> taken_ = std::make_shared<Taken>();
  std::shared_ptr<HealthThread> checks_ = std::make_shared<HealthThread>();
  std::shared_ptr<loop::BlockingPool> pool_ = std::make_shared<loop::BlockingPool>(1);
};

TEST_F(WatchedDocumentTest, FollowsAServiceThroughItsOutages) {
  Library library;
  const auto document = watch({.name = "keys", .service = service(library.url()), .refresh = 5ms});
  document->wait_for_first(30s);
  ASSERT_EQ(taken(), std::vector<std::string>{"first"});
  EXPECT_THAT(library.head(), HasSubstr("GET /keys?v=1 HTTP/1.1\r\n"));
  EXPECT_EQ(document->status().error, "");
  EXPECT_GT(document->status().taken_ms, 0);

  for (const auto& [response, error] :
       {std::pair<std::string, std::string>{"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
                                            "status 500"},
        {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
         "status 302"},
        {Library::ok("garbage"), "is garbage"},
        {Library::ok(std::string(100 << 10, 'x')), ""},
        {"", ""}}) {
    library.set(response);
    EXPECT_TRUE(holds_soon([&] {
      const std::string seen = document->status().error;
      return !seen.empty() && seen.contains(error);
    })) << response.substr(0, 30);
    EXPECT_EQ(taken().size(), 1U);
    library.set(Library::ok("first"));
    ASSERT_TRUE(holds_soon([&] { return document->status().error.empty(); }));
  }
  library.set(Library::ok("second"));
  EXPECT_TRUE(holds_soon([&] { return taken().size() == 2; }));
  EXPECT_EQ(taken().back(), "second");
}

TEST_F(WatchedDocumentTest, HurryReadsOnceInAWhile) {
  Library library;
  const auto document = watch({.name = "keys", .service = service(library.url()), .refresh = 1h});
  document->wait_for_first(30s);
  for (int i = 0; i < 100; ++i) document->hurry();
  EXPECT_TRUE(holds_soon([&] { return library.asked == 2; }));
  document->hurry();
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(library.asked, 2);
}

TEST_F(WatchedDocumentTest, FollowsAFile) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("sluice_watched_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  const std::string path = folder / "users";
  const auto document = watch({.name = "users", .file = path, .refresh = 2ms});
  document->wait_for_first(30s);
  EXPECT_THAT(document->status().error, HasSubstr("users"));
  const auto write = [&](const std::string& text) {
    std::ofstream(path + ".new") << text;
    std::filesystem::rename(path + ".new", path);
  };
  write("one");
  EXPECT_TRUE(holds_soon([&] { return taken().size() == 1; }));
  EXPECT_TRUE(holds_soon([&] { return document->status().error.empty(); }));
  write("two");  // as long, and in the same second
  EXPECT_TRUE(holds_soon([&] { return taken().size() == 2; }));
  std::filesystem::remove(path);
  EXPECT_TRUE(holds_soon([&] { return !document->status().error.empty(); }));
  EXPECT_EQ(taken(), (std::vector<std::string>{"one", "two"}));
  std::filesystem::remove_all(folder);
}

TEST_F(WatchedDocumentTest, EndsDuringARead) {
  Library library;
  for (int i = 0; i < 20; ++i)
    (void)watch({.name = "keys", .service = service(library.url()), .refresh = 1ms});
  checks_.reset();
}

TEST(SideServiceTest, TakesUrlsApart) {
  const auto target = [](std::string_view url) {
    const auto service = SideService::make(url, nullptr, {}, 1);
    return service ? (*service)->target() : service.error().message;
  };
  EXPECT_EQ(target("http://id.test"), "/");
  EXPECT_EQ(target("http://id.test/"), "/");
  EXPECT_EQ(target("http://id.test:80/a/b?c=d"), "/a/b?c=d");
  EXPECT_EQ(target("http://id.test?c=d"), "/?c=d");
  EXPECT_THAT(target("ftp://id.test/"), HasSubstr("is not a URL"));
  EXPECT_THAT(target("http://"), HasSubstr("no valid host"));
  EXPECT_THAT(target("http://u:p@id.test/"), ::testing::Not(HasSubstr("u:p")));
}

class SideClientTest : public ::testing::Test {
 protected:
  Result<http::Response> call(std::vector<ScriptedServer::Script> scripts, SideLimits limits = {}) {
    ScriptedServer server(loop_, std::move(scripts));
    const auto service = SideService::make(server.url() + "/ask", nullptr, limits, 1);
    SideClient client(core_, *service);
    http::Request request;
    request.method = "POST";
    request.body.assign("question");
    return loop::run_to_completion(loop_, client.call(std::move(request)));
  }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
};

TEST_F(SideClientTest, Asks) {
  std::string head;
  const auto response = call({[&head](Peer& peer) -> Task<void> {
    return [](std::string& out, Peer& its_peer) -> Task<void> {
      out = co_await its_peer.head();
      out += co_await its_peer.read_exactly(8);
      co_await its_peer.send("HTTP/1.1 201 Created\r\nContent-Length: 6\r\n\r\nanswer");
    }(head, peer);
  }});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->body.bytes(), "answer");
  EXPECT_THAT(head, ::testing::StartsWith("POST /ask HTTP/1.1\r\nHost: 127.0.0.1:"));
  EXPECT_THAT(head, ::testing::EndsWith("\r\n\r\nquestion"));
}

// A kept connection may end while the next question is on its way.
TEST_F(SideClientTest, QuestionsMayBeSentTwice) {
  const auto outcome = [this](bool repeatable) {
    ScriptedServer server(loop_, {[](Peer& peer) -> Task<void> { co_await peer.head(); },
                                  [](Peer& peer) -> Task<void> {
                                    co_await peer.head();
                                    co_await peer.send("HTTP/1.1 204 No Content\r\n\r\n");
                                  }});
    const auto service = SideService::make(server.url(), nullptr, {.repeatable = repeatable}, 1);
    SideClient client(core_, *service);
    http::Request request;
    request.method = "POST";
    const auto response = loop::run_to_completion(loop_, client.call(std::move(request)));
    return response ? response->status : 0;
  };
  EXPECT_EQ(outcome(true), 204);
  EXPECT_EQ(outcome(false), 0);
}

Task<void> keep_silent(Peer& peer) {
  co_await peer.head();
  co_await peer.head();
}

TEST_F(SideClientTest, LimitsHold) {
  EXPECT_EQ(call({keep_silent}, {.timeout = 20ms}).error().kind, ErrorKind::timed_out);
  EXPECT_EQ(call({[](Peer& peer) -> Task<void> {
                   co_await peer.head();
                   co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789");
                 }},
                 {.body_bytes_max = 8})
                .error()
                .kind,
            ErrorKind::too_large);
  EXPECT_EQ(call({keep_silent}, {.calls_max = 0}).error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace sluice::backend
