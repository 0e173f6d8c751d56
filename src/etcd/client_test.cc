// SPDX-License-Identifier: Apache-2.0
// Covers: endpoints.cc, grpc_call.cc
// A Client and a scripted server: what is known of a request whatever happens to it.
#include "etcd/client.h"

#include <gtest/gtest.h>

#include "etcd/testing/scripted_client.h"

namespace sluice::etcd {
namespace {

using backend::Peer;
using http::h2::ErrorCode;
using http::h2::frame;
using http::h2::FrameType;
using testing::Act;
using testing::answered;
using testing::Call;
using testing::GrpcPeer;
using testing::hung_up;
using testing::ignored;
using testing::kShort;
using testing::refused;
using testing::reset_by;
using testing::success;

using EtcdClient = testing::ScriptedClient;

TEST_F(EtcdClient, TakesTheAnswer) {
  serve_acts({answered(success())});
  EXPECT_EQ(words(txn()), "7");
  EXPECT_EQ(words(txn()), "7");
  EXPECT_EQ(servers_[0]->connections(), 1U);
  EXPECT_EQ(log_, (std::vector<std::string>(2, "/etcdserverpb.KV/Txn")));
}

TEST_F(EtcdClient, SaysHowLongItWaitsAndThatItNeedsALeader) {
  std::string fields;
  serve_acts({[&](GrpcPeer& peer, Call& call) {
    for (const char* name : {"content-type", "te", "hasleader", "content-length"})
      fields += std::string(call.message.headers.get(name).value_or("-")) + ' ';
    fields += call.message.wants_trailers ? "trailers " : "";
    fields += call.message.headers.contains("grpc-timeout") ? "timeout" : "";
    peer.answer(call, frame_of(success()));
    return true;
  }});
  EXPECT_EQ(words(txn()), "7");
  EXPECT_EQ(fields, "application/grpc trailers true - trailers timeout");
}

// --- Statuses

TEST_F(EtcdClient, StatusesSayWhetherThereIsAnEffect) {
  const std::vector<std::pair<int, const char*>> definite{
      {3, "etcdserver: duplicate key given in txn request"},
      {5, "etcdserver: requested lease not found"},
      {7, "etcdserver: permission denied"},
      {8, "etcdserver: too many requests"},
      {8, "grpc: received message larger than max (3 vs. 2)"},
      {9, "etcdserver: lease already exists"},
      {11, "etcdserver: mvcc: required revision has been compacted"},
      {12, "unknown service"},
      {14, "etcdserver: not capable"},
      {14, "etcdserver: no leader"},
      {16, "etcdserver: invalid auth token"}};
  const std::vector<std::pair<int, const char*>> open{
      {1, "context canceled"},
      {2, "raft proposal dropped"},
      {4, "context deadline exceeded"},
      {8, "etcdserver: mvcc: database space exceeded"},
      {8, "grpc: trying to send message larger than max (3 vs. 2)"},
      {13, "x"},
      {14, "etcdserver: leader changed"},
      {14, "etcdserver: request timed out"},
      {14, "etcdserver: server stopped"},
      {15, "etcdserver: corrupt cluster"},
      {17, "x"},
      {99, "x"}};
  std::vector<Act> acts;
  for (const auto& [status, text] : definite) acts.push_back(refused(status, text));
  for (const auto& [status, text] : open) acts.push_back(refused(status, text));
  serve_acts(acts);
  for (const auto& [status, text] : definite)
    EXPECT_TRUE(words(txn()).starts_with("refused " + std::to_string(status) + " ")) << text;
  for (const auto& [status, text] : open) {
    const int read = status > 16 ? 2 : status;
    EXPECT_TRUE(words(txn()).starts_with("unknown " + std::to_string(read) + " ")) << text;
  }
  EXPECT_EQ(log_.size(), definite.size() + open.size()) << "each was sent once";
}

TEST_F(EtcdClient, StatusesInTrailersCountLikewise) {
  serve_acts({[](GrpcPeer& peer, Call& call) {
    peer.answer(call, "", 3, "etcdserver: duplicate%20key%0A%zz");
    return true;
  }});
  EXPECT_EQ(words(txn()), "refused 3 duplicate key\\n%zz");
}

TEST_F(EtcdClient, AnswersThatAreNotGrpcProveNothing) {
  const auto http = [](int status) {
    return [status](GrpcPeer& peer, Call& call) {
      call.response.status = status;
      peer.session().submit_response(call.id, call.response, false, "");
      return true;
    };
  };
  serve_acts({http(200), http(400), http(401), http(404), http(503)});
  EXPECT_TRUE(words(txn()).starts_with("unknown 2 ")) << "200";
  EXPECT_TRUE(words(txn()).starts_with("unknown 13 ")) << "400";
  EXPECT_TRUE(words(txn()).starts_with("unknown 16 ")) << "401";
  EXPECT_TRUE(words(txn()).starts_with("unknown 12 ")) << "404";
  EXPECT_TRUE(words(txn()).starts_with("unknown 14 ")) << "503";
}

TEST_F(EtcdClient, AnswersThatAreNotOneMessageProveNothing) {
  const std::string whole = frame_of(success());
  std::string compressed = whole;
  compressed[0] = 1;
  std::string huge = whole;
  huge[1] = 127;
  const auto send = [](std::string bytes) {
    return [bytes = std::move(bytes)](GrpcPeer& peer, Call& call) {
      peer.answer(call, bytes);
      return true;
    };
  };
  serve_acts({send(""), send(whole + whole), send(whole.substr(0, 6)), send(compressed), send(huge),
              send(std::string("\0\0\0\0\1\xff", 6)), send(whole)});
  EXPECT_TRUE(words(txn()).starts_with("unknown 13 ")) << "none";
  EXPECT_TRUE(words(txn()).starts_with("unknown 13 ")) << "two";
  EXPECT_TRUE(words(txn()).starts_with("unknown 13 ")) << "a part";
  EXPECT_TRUE(words(txn()).starts_with("unknown 13 ")) << "compressed";
  EXPECT_TRUE(words(txn()).starts_with("unknown 8 ")) << "too large";
  EXPECT_TRUE(words(txn()).starts_with("unknown 13 ")) << "no message of protobuf";
  EXPECT_EQ(words(txn()), "7");
}

// --- Streams and connections that end

TEST_F(EtcdClient, AResetProvesNothingUnlessItSaysSo) {
  serve_acts({reset_by(ErrorCode::cancel), reset_by(ErrorCode::internal_error),
              reset_by(ErrorCode::enhance_your_calm), reset_by(ErrorCode::refused_stream),
              answered(success())});
  EXPECT_TRUE(words(txn()).starts_with("unknown 1 "));
  EXPECT_TRUE(words(txn()).starts_with("unknown 13 "));
  EXPECT_TRUE(words(txn()).starts_with("unknown 8 "));
  EXPECT_EQ(words(txn()), "7") << "sent again, because it was refused";
  EXPECT_EQ(log_.size(), 5U);
}

TEST_F(EtcdClient, AServerThatRefusesForGoodIsBelieved) {
  serve_acts({reset_by(ErrorCode::refused_stream)});
  EXPECT_TRUE(words(txn()).starts_with("refused 14 "));
  EXPECT_EQ(log_.size(), 4U);
}

TEST_F(EtcdClient, GoawayBelowACallMeansThatItIsUnprocessed) {
  serve({script({[](GrpcPeer& peer, Call&) {
           peer.raw = frame(FrameType::goaway, 0, 0, std::string(8, '\0'));
           return true;
         }}),
         script({answered(success())})});
  EXPECT_EQ(words(txn()), "7");
  EXPECT_EQ(servers_[0]->connections(), 2U);
}

TEST_F(EtcdClient, GoawayLetsCallsFinishAndTheNextMoves) {
  serve({script({[](GrpcPeer& peer, Call& call) {
           peer.raw = frame(FrameType::goaway, 0, 0, std::string({0, 0, 0, 1, 0, 0, 0, 0}));
           peer.answer(call, frame_of(success()));
           return true;
         }}),
         script({answered(success())})});
  EXPECT_EQ(words(txn()), "7");
  EXPECT_EQ(words(txn()), "7");
  EXPECT_EQ(servers_[0]->connections(), 2U);
}

TEST_F(EtcdClient, AConnectionThatEndsBehindTheRequestProvesNothing) {
  serve_acts({hung_up()});
  EXPECT_TRUE(words(txn()).starts_with("unknown 14 ")) << "without an answer";
  EXPECT_EQ(log_.size(), 1U);
}

TEST_F(EtcdClient, AConnectionThatEndsWithinTheAnswerProvesNothing) {
  serve_acts({[](GrpcPeer& peer, Call& call) {
    peer.send(call, frame_of(success()));
    return false;
  }});
  EXPECT_TRUE(words(txn()).starts_with("unknown 14 "));
}

// Takes less of a request than there is, and then ends the connection, or waits.
Task<void> take_a_part(Peer& peer, bool then_close) {
  http::h2::SessionLimits limits;
  limits.stream_window_bytes = 1000;
  GrpcPeer grpc(peer, limits);
  const auto taken = [&] {
    return grpc.owner().streams.empty() ? 0 : grpc.owner().streams[0]->data.size();
  };
  while (!then_close || taken() < 1000) {
    const bool more = co_await grpc.read();
    if (!more) co_return;
  }
}

TEST_F(EtcdClient, ARequestThatWasNotSentWholeHasNoEffect) {
  serve({[](Peer& peer) { return take_a_part(peer, true); },
         [](Peer& peer) { return take_a_part(peer, false); }});
  auto& put = *request_.add_success()->mutable_request_put();
  put.set_value(std::string(100'000, 'x'));
  EXPECT_TRUE(words(txn()).starts_with("refused 14 ")) << "the connection has ended";
  EXPECT_TRUE(words(txn(within(kShort))).starts_with("refused 4 ")) << "the deadline";
}

TEST_F(EtcdClient, ADeadlineProvesNothing) {
  serve_acts({ignored()});
  EXPECT_EQ(words(txn(within(kShort))),
            "unknown 4 took too long: check that it can be reached, and that a majority of etcd "
            "runs");
}

TEST_F(EtcdClient, EveryCallHasADeadline) {
  serve_acts({ignored()});
  options_.call_max = kShort;
  EXPECT_TRUE(words(txn()).starts_with("unknown 4 "));
}

}  // namespace
}  // namespace sluice::etcd
