// SPDX-License-Identifier: Apache-2.0
// Messages over HTTP/2 to a member that fails in some way. Members that work: cluster_port_test.cc
// of control/.
#include "filters/wasm_host/handover/courier.h"

#include <gtest/gtest.h>

#include "backend/testing/scripted_server.h"
#include "loop/testing/run_to_completion.h"
#include "net/listener.h"

namespace sluice::filters {
namespace {

using namespace std::chrono_literals;

class CourierTest : public ::testing::Test {
 protected:
  Courier::Outcome carry(const std::string& address, Duration patience) {
    return loop::run_to_completion(loop_,
                                   courier_.carry(address, "message", Clock::now() + patience));
  }
  [[nodiscard]] static std::string address_of(const backend::ScriptedServer& server) {
    return server.url().substr(std::string("http://").size());
  }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  HttpCourier courier_{core_, nullptr};
};

TEST_F(CourierTest, WhatCannotConnectIsNotSent) {
  std::uint16_t port = 0;
  {
    const auto listener = net::Listener::open("127.0.0.1", 0);
    ASSERT_TRUE(listener);
    port = listener->port();
  }
  const auto outcome = carry("127.0.0.1:" + std::to_string(port), 60s);
  EXPECT_FALSE(outcome.answer);
  EXPECT_FALSE(outcome.sent);
  EXPECT_FALSE(carry("no address", 60s).sent);
}

TEST_F(CourierTest, WhatIsNotAnsweredMayHaveArrived) {
  backend::ScriptedServer server(loop_, {[](backend::Peer& peer) -> Task<void> {
                                   (void)co_await peer.read_until("message");
                                 }});
  const auto outcome = carry(address_of(server), 60s);  // the connection ends
  EXPECT_FALSE(outcome.answer);
  EXPECT_TRUE(outcome.sent);
}

// A machine that is gone does not close its connections.
TEST_F(CourierTest, ASilentMemberIsAskedOnANewConnection) {
  const auto silent = [](backend::Peer& peer) -> Task<void> {
    (void)co_await peer.read_until("never");
  };
  backend::ScriptedServer server(loop_, {silent});
  for (unsigned round = 1; round <= 2; ++round) {
    const auto outcome = carry(address_of(server), 50ms);
    ASSERT_FALSE(outcome.answer);
    EXPECT_EQ(outcome.answer.error().kind, ErrorKind::timed_out);
    EXPECT_EQ(server.connections(), round);
  }
}

}  // namespace
}  // namespace sluice::filters
