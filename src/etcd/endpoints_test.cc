// SPDX-License-Identifier: Apache-2.0
// Covers: endpoints.cc
// A Client of several scripted servers, and its tokens.
#include <gtest/gtest.h>

#include "etcd/testing/scripted_client.h"
#include "loop/join.h"

namespace sluice::etcd {
namespace {

using backend::Peer;
using testing::Act;
using testing::answered;
using testing::hung_up;
using testing::ignored;
using testing::kShort;
using testing::refused;
using testing::success;

using EtcdEndpoints = testing::ScriptedClient;

Task<void> say_nothing(Peer& peer) { (void)co_await peer.read_until("never sent"); }
Task<void> hang_up_at_once(Peer& peer) { (void)co_await peer.read_any(); }

// --- Endpoints

TEST_F(EtcdEndpoints, EndpointsThatCannotBeReachedArePassed) {
  serve({hang_up_at_once});
  serve({say_nothing});
  serve_acts({answered(success())});
  options_.dial_max = kShort;
  EXPECT_EQ(words(txn()), "7");
  EXPECT_EQ(client().current(), 2U);
  EXPECT_EQ(words(txn()), "7");
  EXPECT_EQ(servers_[0]->connections(), 1U) << "the next call begins with the endpoint that works";
}

TEST_F(EtcdEndpoints, WithoutAnEndpointNothingIsDone) {
  serve({hang_up_at_once});
  serve({say_nothing});
  options_.dial_max = kShort;
  const auto reply = txn();
  EXPECT_TRUE(words(reply).starts_with("refused 14 "));
  EXPECT_EQ(reply.error().endpoint, 1U);
  for (const std::string& endpoint : options_.endpoints)
    EXPECT_TRUE(reply.error().error.message.contains(endpoint)) << reply.error().error.message;
  EXPECT_TRUE(reply.error().error.message.contains("majority"));
}

TEST_F(EtcdEndpoints, WhatEachEndpointRefusesHasTheAdviceOfOne) {
  const auto no_password = refused(2, "etcdserver: password was given for no password user");
  serve_acts({no_password});
  serve_acts({no_password});
  const pb::RangeRequest request;
  const auto reply = loop::run_to_completion(loop_, client().range(request));
  ASSERT_FALSE(reply);
  const std::string& text = reply.error().error.message;
  const std::string advice = "leave out etcd-user";
  ASSERT_TRUE(text.contains(advice)) << text;
  EXPECT_EQ(text.find(advice), text.rfind(advice)) << text;
  EXPECT_FALSE(text.contains("majority")) << text;
}

TEST_F(EtcdEndpoints, AWriteGoesNowhereElseByItself) {
  serve_acts({hung_up()});
  serve_acts({answered(success())});
  const auto reply = txn();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().certainty, Certainty::unknown);
  EXPECT_EQ(reply.error().endpoint, 0U);
  EXPECT_EQ(servers_[1]->connections(), 0U);
  CallOptions again;
  again.avoid = reply.error().endpoint;
  EXPECT_EQ(words(txn(again)), "7");
}

TEST_F(EtcdEndpoints, AnEndpointIsAvoidedOnlyIfThereIsAnother) {
  serve_acts({answered(success())});
  CallOptions call;
  call.avoid = 0;
  EXPECT_EQ(words(txn(call)), "7");
  serve_acts({answered(success())});
  client_.reset();
  EXPECT_EQ(words(txn(call)), "7");
  EXPECT_EQ(servers_[1]->connections(), 1U);
}

TEST_F(EtcdEndpoints, AMemberWithoutALeaderIsPassed) {
  serve_acts({refused(14, "etcdserver: no leader")});
  serve_acts({answered(success())});
  EXPECT_EQ(words(txn()), "7");
  EXPECT_EQ(log_.size(), 2U);
}

TEST_F(EtcdEndpoints, AReadGoesOnToTheNextEndpoint) {
  serve_acts({ignored()});
  serve_acts({hung_up()});
  serve_acts({refused(14, "etcdserver: leader changed")});
  serve_acts({answered(pb::RangeResponse())});
  options_.read_patience = kShort;
  const pb::RangeRequest request;
  EXPECT_TRUE(loop::run_to_completion(loop_, client().range(request)));
  EXPECT_EQ(log_.size(), 4U);
}

// Sends an answer in pieces, each after a while.
Task<void> answer_slowly(Peer& peer, Duration pause) {
  testing::GrpcPeer grpc(peer);
  testing::Call* call = co_await grpc.next();
  if (call == nullptr) co_return;
  pb::RangeResponse response;
  response.set_count(3);
  const std::string framed = frame_of(response);
  for (const char c : framed) {
    grpc.send(*call, std::string(1, c));
    co_await grpc.flush();
    co_await peer.loop.sleep_for(pause);
  }
  grpc.answer(*call, "");
  co_await grpc.flush();
  (void)co_await peer.read_until("never sent");
}

TEST_F(EtcdEndpoints, AReadWaitsForAnAnswerThatIsArriving) {
  serve({[](Peer& peer) { return answer_slowly(peer, kShort); }});
  serve_acts({answered(pb::RangeResponse())});
  options_.read_patience = 4 * kShort;
  const pb::RangeRequest request;
  const auto reply = loop::run_to_completion(loop_, client().range(request));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->count(), 3);
}

TEST_F(EtcdEndpoints, AReadThatIsRefusedEndsThere) {
  serve_acts({refused(11, "etcdserver: mvcc: required revision has been compacted")});
  serve_acts({answered(pb::RangeResponse())});
  const pb::RangeRequest request;
  const auto reply = loop::run_to_completion(loop_, client().range(request));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().status, Status::out_of_range);
  EXPECT_EQ(log_.size(), 1U);
}

TEST_F(EtcdEndpoints, CallsAtOnceShareADial) {
  serve_acts({answered(success())});
  struct Two {
    static Task<int> both(Client& client, const pb::TxnRequest& request) {
      Task<CallReply<pb::TxnResponse>> first = client.txn(request);
      first.start();
      const auto second = co_await client.txn(request);
      co_await loop::Join(first);
      co_return int{first.take().has_value()} + int{second.has_value()};
    }
  };
  EXPECT_EQ(loop::run_to_completion(loop_, Two::both(client(), request_)), 2);
  EXPECT_EQ(servers_[0]->connections(), 1U);
}

TEST_F(EtcdEndpoints, ACallThatIsGivenUpMidDialHarmsNoOther) {
  serve_acts({answered(success())});
  {
    Task<CallReply<pb::TxnResponse>> given_up = client().txn(request_);
    given_up.start();
  }
  EXPECT_EQ(words(txn()), "7");
  EXPECT_EQ(servers_[0]->connections(), 1U);
}

// --- Tokens

Act token(const std::string& text) {
  pb::AuthenticateResponse response;
  response.set_token(text);
  return answered(response);
}

TEST_F(EtcdEndpoints, AuthenticatesOnceAndAgainWhenTheTokenIsOld) {
  serve_acts({token("one"), answered(success()), refused(16, "etcdserver: invalid auth token"),
              token("two"), answered(success()),
              refused(3, "etcdserver: revision of auth store is old"), token("three"),
              answered(success())});
  options_.user = "app";
  options_.password = RenewableText("secret");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(words(txn()), "7");
  const std::string txn = "/etcdserverpb.KV/Txn ";
  const std::string authenticate = "/etcdserverpb.Auth/Authenticate";
  EXPECT_EQ(log_,
            (std::vector<std::string>{authenticate, txn + "one", txn + "one", authenticate,
                                      txn + "two", txn + "two", authenticate, txn + "three"}));
}

TEST_F(EtcdEndpoints, ATokenThatIsNeverAcceptedIsRenewedOnce) {
  serve_acts({token("one"), refused(16, "etcdserver: invalid auth token"), token("two"),
              refused(16, "etcdserver: invalid auth token")});
  options_.user = "app";
  EXPECT_TRUE(words(txn()).starts_with("refused 16 "));
  EXPECT_EQ(log_.size(), 4U);
}

TEST_F(EtcdEndpoints, WhatCannotAuthenticateIsNotSent) {
  serve_acts({refused(3, "etcdserver: authentication failed, invalid user ID or password")});
  options_.user = "app";
  EXPECT_TRUE(words(txn()).starts_with("refused 3 authentication failed"));
  EXPECT_EQ(log_.size(), 1U);
}

// --- Options

TEST_F(EtcdEndpoints, EndpointsAreChecked) {
  for (const char* bad : {"", "http://", "ftp://a:1", "a:b", "http://a:1/path", "a b:1"}) {
    options_.endpoints = {bad};
    EXPECT_FALSE(Client::make(core_, options_)) << bad;
  }
  for (const char* good : {"10.0.0.1", "10.0.0.1:2379", "http://etcd-1:2379/", "[::1]:2379"}) {
    options_.endpoints = {good};
    EXPECT_TRUE(Client::make(core_, options_)) << good;
  }
  options_.endpoints.clear();
  EXPECT_FALSE(Client::make(core_, options_));
}

}  // namespace
}  // namespace sluice::etcd
