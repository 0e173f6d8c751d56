// SPDX-License-Identifier: Apache-2.0
// The state of the servers of a pool: which results count, and what an update leaves of it.
#include "filters/proxy/server_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "backend/testing/scripted_server.h"
#include "filters/proxy/proxy.h"
#include "loop/testing/run_to_completion.h"
#include "pipeline/exchange.h"

namespace sluice::filters {
namespace {

using backend::Peer;
using backend::ScriptedServer;
using testing::ElementsAre;

constexpr auto kRefuses = "http://127.0.0.1:1";

Task<void> answer_all(Peer& peer) {
  while (true) {
    const std::string head = co_await peer.head();
    if (head.empty()) co_return;
    co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  }
}
Task<void> break_off(Peer& peer) {
  co_await peer.head();
  co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello");
}
Task<void> fall_silent(Peer& peer) {
  co_await peer.head();
  co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello");
  co_await peer.head();
}

class ServerGroupTest : public testing::Test {
 protected:
  // Builds the pool, as the first or as the successor of the one at hand.
  void use(const std::vector<std::string>& urls, const std::string& more = "") {
    std::string servers;
    for (const std::string& url : urls) servers += "{url: '" + url + "'},";
    const auto value = config::parse_document("{name: proxy, kind: Proxy, pools: [{servers: [" +
                                              servers + "]" + more + "}]}");
    ASSERT_TRUE(value) << value.error().message;
    config::Faults faults;
    auto draft = registry_.draft("p");
    auto next = make_proxy_kind({}, 1)->build(
        *value, {.pipeline = "p", .name = "proxy", .path = "filters[0]", .states = draft.scope()},
        faults);
    ASSERT_THAT(faults.lines(), ElementsAre());
    auto filter = next->instantiate(core_);
    registry_.put_in_force({{"p", std::move(draft).finish()}});
    filter_ = std::move(filter);
    prototype_ = std::move(next);
  }
  void run() {
    exchange_.client_request().method = "GET";
    exchange_.client_request().host = "shop";
    exchange_.client_request().escaped_path = "/";
    (void)loop::run_to_completion(loop_, filter_->handle(exchange_));
  }
  Result<void> read_body() {
    return loop::run_to_completion(loop_, exchange_.response()->body.buffer(1000));
  }
  std::vector<int> requests() {
    std::vector<int> counts;
    for (const Json& server : servers()) counts.push_back(server["requests"]);
    return counts;
  }
  bool ejected() { return servers()[0]["ejected"]; }
  Json servers() { return prototype_->status()["mainPool"]["servers"]; }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  pipeline::Exchange exchange_{core_};
  pipeline::StateRegistry registry_;
  std::shared_ptr<const pipeline::FilterPrototype> prototype_;
  std::unique_ptr<pipeline::Filter> filter_;
};

TEST_F(ServerGroupTest, EachOfTwoEqualServersKeepsItsState) {
  use({kRefuses, kRefuses});
  for (int i = 0; i < 3; ++i) run();
  const std::vector<int> before = requests();
  EXPECT_NE(before[0], before[1]);
  use({kRefuses, kRefuses}, ", timeout: 5s");
  EXPECT_EQ(requests(), before);
  run();
  EXPECT_EQ(requests()[0] + requests()[1], 4);
}

TEST_F(ServerGroupTest, AServerThatIsReachedInAnotherWayIsUnknown) {
  use({kRefuses});
  run();
  use({kRefuses}, ", http2: false");
  EXPECT_THAT(requests(), ElementsAre(1)) << "the default";
  use({kRefuses}, ", http2: true");
  EXPECT_THAT(requests(), ElementsAre(0));

  const std::string secure = "https://127.0.0.1:1";
  use({secure}, ", tls: {insecureSkipVerify: true}");
  run();
  use({secure}, ", tls: {insecureSkipVerify: true}, timeout: 5s");
  EXPECT_THAT(requests(), ElementsAre(1));
  use({secure}, ", tls: {insecureSkipVerify: false}");
  EXPECT_THAT(requests(), ElementsAre(0));
}

TEST_F(ServerGroupTest, FailuresUnderOtherRulesDoNotCount) {
  use({kRefuses}, ", outlierDetection: {consecutiveFailures: 3}");
  run();
  use({kRefuses}, ", outlierDetection: {consecutiveFailures: 2}");
  run();
  EXPECT_FALSE(ejected()) << "the first under these rules";
  use({kRefuses}, ", outlierDetection: {consecutiveFailures: 2}, timeout: 5s");
  run();
  EXPECT_TRUE(ejected()) << "the rules are the same";
}

// A response counts when its body has ended, not with its head.
TEST_F(ServerGroupTest, ABegunResponseDoesNotEndTheRowOfFailures) {
  const ScriptedServer server(loop_, {break_off, break_off, answer_all});
  use({server.url()}, ", serverMaxBodySize: -1, outlierDetection: {consecutiveFailures: 2}");
  run();
  EXPECT_FALSE(read_body());
  EXPECT_FALSE(ejected());
  run();
  EXPECT_FALSE(read_body());
  EXPECT_TRUE(ejected());
}

TEST_F(ServerGroupTest, ASilentStreamIsNoFailure) {
  const ScriptedServer server(loop_, {fall_silent});
  use({server.url()}, ", serverMaxBodySize: -1, silenceTimeout: 20ms");
  run();
  ASSERT_TRUE(exchange_.response()->body.is_stream());
  const auto read = read_body();
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::timed_out);
  EXPECT_EQ(servers()[0]["requests"], 1);
  EXPECT_EQ(servers()[0]["failures"], 0);
}

}  // namespace
}  // namespace sluice::filters
