// SPDX-License-Identifier: Apache-2.0
#include "backend/health_check.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "backend/testing/scripted_server.h"

namespace sluice::backend {
namespace {

// A backend on its own thread, whose health can be set.
class Patient {
 public:
  Patient() : server_(std::make_unique<ScriptedServer>(loop_, std::vector{script()})) {
    url = server_->url();
    thread_ = std::thread([this] { loop_.run(); });
  }
  Patient(const Patient&) = delete;
  Patient& operator=(const Patient&) = delete;
  ~Patient() {
    loop_.stop();
    thread_.join();
  }

  std::string url;
  std::atomic<bool> well{true};
  std::atomic<bool> moody{false};  // every other answer is that of the other state
  std::atomic<int> asked{0};
  std::string head;  // of the first request; read it after `asked` has risen

 private:
  ScriptedServer::Script script() {
    return [this](Peer& peer) -> Task<void> { return answer(*this, peer); };
  }
  static Task<void> answer(Patient& self, Peer& peer) {
    const std::string head = co_await peer.head();
    if (self.head.empty()) self.head = head;
    ++self.asked;  // first, because the checker acts on the answer at once, on its own thread
    const bool well = self.well != (self.moody && self.asked % 2 == 0);
    co_await peer.send(well ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                            : "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
  }

  loop::EventLoop loop_;
  std::unique_ptr<ScriptedServer> server_;
  std::thread thread_;
};

bool eventually(const std::function<bool()>& holds) {
  const TimePoint end = Clock::now() + std::chrono::seconds(30);
  while (Clock::now() < end) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

HealthCheck quick() {
  HealthCheck check;
  check.interval = std::chrono::milliseconds(2);
  check.fault = [](const http::Response& response) {
    return response.status == 200 ? "" : "status " + std::to_string(response.status);
  };
  return check;
}

TEST(HealthChecker, FollowsTheServer) {
  Patient patient;
  const ServerStates states{std::make_shared<ServerState>(1)};
  HealthCheck check = quick();
  check.target = "/health?deep=1";
  check.headers = {{"X-Check", "1"}, {"Host", "shop.example"}};
  const HealthChecker checker(std::make_shared<HealthThread>(), "pool",
                              {*parse_server_url(patient.url + "/base")}, states, check, {});
  ASSERT_TRUE(eventually([&] { return patient.asked > 1; }));
  EXPECT_TRUE(states[0]->healthy());
  EXPECT_EQ(patient.head,
            "GET /base/health?deep=1 HTTP/1.1\r\nHost: shop.example\r\nX-Check: 1\r\n\r\n");
  patient.well = false;
  EXPECT_TRUE(eventually([&] { return !states[0]->healthy(); }));
  EXPECT_EQ(checker.fault(0), "status 500");
  patient.well = true;
  EXPECT_TRUE(eventually([&] { return states[0]->healthy(); }));
  EXPECT_EQ(checker.fault(0), "");
}

TEST(HealthChecker, AsksForAnUpgradeAndMore) {
  Patient patient;
  const ServerStates states{std::make_shared<ServerState>(1)};
  HealthCheck check = quick();
  check.upgrade = "websocket";
  check.more.emplace_back().fault = [](const http::Response& response) {
    return response.body.bytes().empty() ? "" : "not reached";
  };
  check.more.emplace_back().fault = [](const http::Response&) { return "the third says so"; };
  const HealthChecker checker(std::make_shared<HealthThread>(), "pool",
                              {*parse_server_url(patient.url)}, states, check, {});
  ASSERT_TRUE(eventually([&] { return !states[0]->healthy(); }));
  EXPECT_EQ(checker.fault(0), "the third says so");
  EXPECT_TRUE(patient.head.contains("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"))
      << patient.head;
  patient.well = false;
  EXPECT_TRUE(eventually([&] { return checker.fault(0) == "status 500"; }));
}

TEST(HealthChecker, AsManyInARowAsAskedFor) {
  Patient patient;
  patient.well = false;
  const ServerStates states{std::make_shared<ServerState>(1)};
  HealthCheck check = quick();
  check.fails = 3;
  check.passes = 2;
  const HealthChecker checker(std::make_shared<HealthThread>(), "pool",
                              {*parse_server_url(patient.url)}, states, check, {});
  ASSERT_TRUE(eventually([&] { return !states[0]->healthy(); }));
  EXPECT_GE(patient.asked, 3);
  patient.well = true;
  const int before = patient.asked;
  ASSERT_TRUE(eventually([&] { return states[0]->healthy(); }));
  EXPECT_GE(patient.asked, before + 1);
}

TEST(HealthChecker, AFaultNowAndThenIsNotInARow) {
  for (const bool healthy : {true, false}) {
    Patient patient;
    patient.moody = true;
    const ServerStates states{std::make_shared<ServerState>(1)};
    states[0]->set_healthy(healthy);
    HealthCheck check = quick();
    (healthy ? check.fails : check.passes) = 2;
    (healthy ? check.passes : check.fails) = 1'000'000;
    const HealthChecker checker(std::make_shared<HealthThread>(), "pool",
                                {*parse_server_url(patient.url)}, states, check, {});
    ASSERT_TRUE(eventually([&] { return patient.asked > 8; }));
    EXPECT_EQ(states[0]->healthy(), healthy);
  }
}

TEST(HealthChecker, NobodyThere) {
  const ServerStates states{std::make_shared<ServerState>(1)};
  auto thread = std::make_shared<HealthThread>();
  {
    const HealthChecker checker(thread, "pool", {*parse_server_url("http://127.0.0.1:1")}, states,
                                quick(), {});
    ASSERT_TRUE(eventually([&] { return !states[0]->healthy(); }));
  }
  thread.reset();  // cancels the check in progress
}

}  // namespace
}  // namespace sluice::backend
