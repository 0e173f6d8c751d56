// SPDX-License-Identifier: Apache-2.0
// A GrpcConnection and scripted servers: signs of life.
#include "etcd/grpc_connection.h"

#include <gtest/gtest.h>

#include "backend/server.h"
#include "etcd/grpc_call.h"
#include "etcd/testing/grpc_peer.h"
#include "loop/testing/run_to_completion.h"
#include "loop/testing/settle.h"
#include "net/resolver.h"

namespace sluice::etcd {
namespace {

using backend::Peer;
using backend::ScriptedServer;

constexpr Duration kMoment = std::chrono::milliseconds(50);
constexpr Duration kForever = std::chrono::hours(1);

Task<void> greet_and_hang(Peer& peer) {
  (void)co_await peer.read_exactly(http::h2::kPreface.size());
  co_await peer.send(frame(http::h2::FrameType::settings, 0, 0, ""));
  (void)co_await peer.read_until("never sent");
}
Task<void> hang(Peer& peer) { (void)co_await peer.read_until("never sent"); }
Task<void> answer_pings(Peer& peer) {
  testing::GrpcPeer grpc(peer);
  bool more = true;
  while (more) {
    more = co_await grpc.read();
  }
}

// A call that stops the loop when its connection is lost.
class Waiting final : public GrpcConnection::CarriedCall {
 public:
  explicit Waiting(loop::EventLoop& loop) : loop_(loop) {}
  void on_lost() override { loop_.stop(); }

 private:
  loop::EventLoop& loop_;
};

class EtcdGrpcConnection : public ::testing::Test {
 protected:
  ~EtcdGrpcConnection() override {
    if (connection_) connection_->close("the test is over");
  }
  // Returns what start() does.
  bool connect(ScriptedServer::Script script, GrpcConnection::PingTimes ping_times,
               TimePoint deadline = TimePoint::max()) {
    server_ = std::make_unique<ScriptedServer>(loop_, std::vector{std::move(script)});
    const auto server = *backend::parse_server_url(server_->url());
    auto stream = loop::run_to_completion(
        loop_, net::connect(loop_, net::Endpoint(server.host, server.port), TimePoint::max()));
    connection_ = std::make_shared<GrpcConnection>(loop_, std::move(*stream), ping_times);
    return loop::run_to_completion(loop_, connection_->start(deadline));
  }

  loop::EventLoop loop_;
  std::unique_ptr<ScriptedServer> server_;
  std::shared_ptr<GrpcConnection> connection_;
};

TEST_F(EtcdGrpcConnection, EndsWithoutASignOfLife) {
  ASSERT_TRUE(connect(greet_and_hang, {.period = kMoment, .max = kMoment}));
  Waiting waiting(loop_);
  connection_->add(waiting);
  loop_.run();
  EXPECT_FALSE(connection_->open());
  EXPECT_TRUE(connection_->reason().starts_with("no sign of life for ")) << connection_->reason();
  connection_->remove(waiting, 0);
}

TEST_F(EtcdGrpcConnection, StaysWhilePingsAreAnswered) {
  ASSERT_TRUE(connect(answer_pings, {.period = std::chrono::milliseconds(2), .max = kForever}));
  GrpcCall call(connection_, 1000);
  ASSERT_TRUE(call.open({.path = "/x", .authority = "y"}));
  loop::testing::run_for(loop_, kMoment);
  EXPECT_TRUE(connection_->open());
}

TEST_F(EtcdGrpcConnection, AsksForNoneWithoutCalls) {
  ASSERT_TRUE(connect(greet_and_hang, {.period = std::chrono::milliseconds(1),
                                       .max = std::chrono::milliseconds(1)}));
  loop::testing::run_for(loop_, kMoment);
  EXPECT_TRUE(connection_->open()) << "etcd ends connections that send PINGs without a call";
}

TEST_F(EtcdGrpcConnection, NeedsSettingsOfTheServer) {
  EXPECT_FALSE(
      connect(hang, {.period = kForever, .max = kForever}, loop::EventLoop::now() + kMoment));
  EXPECT_FALSE(connection_->open());
}

TEST_F(EtcdGrpcConnection, EndsWithItsLastCallOnceRetired) {
  ASSERT_TRUE(connect(greet_and_hang, {.period = kForever, .max = kForever}));
  {
    Waiting waiting(loop_);
    connection_->add(waiting);
    connection_->retire();
    loop::testing::settle(loop_);
    EXPECT_TRUE(connection_->open());
    connection_->remove(waiting, 0);
  }
  loop::testing::settle(loop_);
  EXPECT_FALSE(connection_->open());
}

}  // namespace
}  // namespace sluice::etcd
