// SPDX-License-Identifier: Apache-2.0
// The state of the servers of a pool: which results count, and under which
// TLS settings it goes on.
#include "filters/proxy/server_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "backend/testing/scripted_server.h"
#include "filters/proxy/proxy.h"
#include "loop/testing/run_to_completion.h"
#include "pipeline/exchange.h"
#include "pipeline/state_registry.h"

namespace sluice::filters {
namespace {

using backend::break_off;
using backend::Peer;
using backend::ScriptedServer;
using ::testing::ElementsAre;

Task<void> answer_all(Peer& peer) {
  while (true) {
    const std::string head = co_await peer.head();
    if (head.empty()) co_return;
    co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  }
}
Task<void> fall_silent(Peer& peer) {
  co_await peer.head();
  co_await peer.send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello");
  co_await peer.head();
}

class ServerGroupTest : public ::testing::Test {
 protected:
  // Builds the next generation of a pool of one server, and puts it in force.
  void use(const std::string& url, const std::string& more = "") {
    const auto value = config::parse_document(
        "{name: proxy, kind: Proxy, pools: [{servers: [{url: '" + url + "'}]" + more + "}]}");
    ASSERT_TRUE(value) << value.error().message;
    config::Faults faults;
    auto draft = registry_.draft("p");
    auto next = make_proxy_kind({}, 1)->build(
        *value, {.pipeline = "p", .name = "proxy", .path = "filters[0]", .states = draft.scope()},
        faults);
    ASSERT_THAT(faults.lines(), ElementsAre());
    filter_ = next->instantiate(core_);
    registry_.put_in_force({{"p", std::move(draft).finish()}});
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
  Json server() { return prototype_->status()["mainPool"]["servers"][0]; }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  pipeline::StateRegistry registry_;
  pipeline::Exchange exchange_{core_};
  std::shared_ptr<const pipeline::FilterPrototype> prototype_;
  std::unique_ptr<pipeline::Filter> filter_;
};

TEST_F(ServerGroupTest, AServerThatIsReachedWithOtherTlsIsUnknown) {
  const std::string secure = "https://127.0.0.1:1";
  use(secure, ", tls: {insecureSkipVerify: true}");
  run();
  use(secure, ", tls: {insecureSkipVerify: true}, timeout: 5s");
  EXPECT_EQ(server()["requests"], 1);
  use(secure, ", tls: {insecureSkipVerify: false}");
  EXPECT_EQ(server()["requests"], 0);
}

// A response counts when its body has ended, not with its head.
TEST_F(ServerGroupTest, ABegunResponseDoesNotEndTheRowOfFailures) {
  const ScriptedServer backend(loop_, {break_off, break_off, answer_all});
  use(backend.url(), ", serverMaxBodySize: -1, outlierDetection: {consecutiveFailures: 2}");
  run();
  EXPECT_FALSE(read_body());
  EXPECT_EQ(server()["ejected"], false);
  run();
  EXPECT_FALSE(read_body());
  EXPECT_EQ(server()["ejected"], true);
}

TEST_F(ServerGroupTest, ASilentStreamIsNoFailure) {
  const ScriptedServer backend(loop_, {fall_silent});
  use(backend.url(), ", serverMaxBodySize: -1, silenceTimeout: 20ms");
  run();
  ASSERT_TRUE(exchange_.response()->body.is_stream());
  const auto read = read_body();
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::timed_out);
  EXPECT_EQ(server()["requests"], 1);
  EXPECT_EQ(server()["failures"], 0);
}

}  // namespace
}  // namespace sluice::filters
