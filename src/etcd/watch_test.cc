// SPDX-License-Identifier: Apache-2.0
// A Watch of scripted servers.
#include "etcd/watch.h"

#include <gtest/gtest.h>

#include "etcd/testing/grpc_peer.h"
#include "loop/testing/run_to_completion.h"

namespace sluice::etcd {
namespace {

using backend::Peer;
using backend::ScriptedServer;
using testing::Act;
using testing::answered;
using testing::Call;
using testing::GrpcPeer;
using Why = WatchFailure::Why;

constexpr Duration kInstant = std::chrono::milliseconds(20);

pb::WatchResponse created() {
  pb::WatchResponse response;
  response.set_created(true);
  response.mutable_header()->set_revision(9);
  return response;
}
pb::WatchResponse cancelled(std::string reason, std::int64_t compacted = 0) {
  pb::WatchResponse response;
  response.set_canceled(true);
  response.set_cancel_reason(std::move(reason));
  response.set_compact_revision(compacted);
  return response;
}
pb::WatchResponse events(std::initializer_list<int> revisions, bool fragment) {
  pb::WatchResponse response;
  response.set_fragment(fragment);
  for (const int revision : revisions)
    response.add_events()->mutable_kv()->set_mod_revision(revision);
  return response;
}

// Sends the messages, and leaves the stream open.
Act sends(std::vector<pb::WatchResponse> messages) {
  return [messages = std::move(messages)](GrpcPeer& peer, Call& call) {
    std::string framed;
    for (const auto& message : messages) framed += frame_of(message);
    peer.send(call, framed);
    return true;
  };
}
// Ends the stream behind the message.
Act ends_with(const pb::WatchResponse& message, int status, std::string text) {
  return [message, status, text = std::move(text)](GrpcPeer& peer, Call& call) {
    peer.answer(call, frame_of(message), status, text);
    return true;
  };
}

class EtcdWatch : public ::testing::Test {
 protected:
  ~EtcdWatch() override {
    watch_.reset();
    client_.reset();
    servers_.clear();
  }
  void serve_script(ScriptedServer::Script script) {
    servers_.push_back(std::make_unique<ScriptedServer>(loop_, std::vector{std::move(script)}));
    options_.endpoints.push_back(servers_.back()->url());
  }
  void serve(std::vector<Act> acts) {
    serve_script(
        [this, acts = std::move(acts)](Peer& peer) { return testing::play(peer, acts, log_); });
  }
  // "9", the revision of the head, or the failure.
  std::string start() {
    if (!client_) client_ = std::move(*Client::make(core_, options_));
    watch_ = std::make_unique<Watch>(*client_, wanted_);
    const auto header = loop::run_to_completion(loop_, watch_->start(TimePoint::max()));
    return header ? std::to_string(header->revision()) : words(header.error());
  }
  // "3 3 4", the revisions of the events, or the failure.
  std::string next(TimePoint deadline = TimePoint::max()) {
    const auto answer = loop::run_to_completion(loop_, watch_->next(deadline));
    if (!answer) return words(answer.error());
    std::string text;
    for (const auto& event : answer->events())
      text += (text.empty() ? "" : " ") + std::to_string(event.kv().mod_revision());
    return text;
  }
  std::string words(const WatchFailure& failure) {
    failure_ = failure;
    switch (failure.why) {
      case Why::timed_out:
        return "timed out";
      case Why::compacted:
        return "compacted " + std::to_string(failure.compact_revision);
      case Why::cancelled:
        return "cancelled";
      case Why::lost:
        return "lost";
      case Why::no_leader:
        return "no leader";
      case Why::too_large:
        return "too large";
    }
    return "?";
  }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  std::vector<std::string> log_;
  std::vector<std::unique_ptr<ScriptedServer>> servers_;
  Options options_;
  WatchOptions wanted_{.key = "k"};
  std::unique_ptr<Client> client_;
  std::unique_ptr<Watch> watch_;
  WatchFailure failure_;
};

TEST_F(EtcdWatch, JoinsFragments) {
  serve({sends({created(), events({3, 3}, true), events({3, 4}, false), events({5}, false)})});
  EXPECT_EQ(start(), "9");
  EXPECT_EQ(next(), "3 3 3 4");
  EXPECT_EQ(next(), "5");
  EXPECT_EQ(next(loop::EventLoop::now() + kInstant), "timed out");
}

TEST_F(EtcdWatch, AsksForWhatIsWanted) {
  pb::WatchRequest request;
  bool needs_leader = false;
  bool has_timeout = true;
  serve({[&](GrpcPeer& peer, Call& call) {
    EXPECT_TRUE(decode(std::string_view(call.data).substr(kGrpcPrefixBytes), request));
    needs_leader = call.message.headers.get("hasleader") == "true";
    has_timeout = call.message.headers.contains("grpc-timeout");
    peer.send(call, frame_of(created()));
    return true;
  }});
  wanted_.range_end = "l";
  wanted_.start_revision = 3;
  wanted_.prev_kv = true;
  EXPECT_EQ(start(), "9");
  const auto& create = request.create_request();
  EXPECT_EQ(create.key() + create.range_end(), "kl");
  EXPECT_EQ(create.start_revision(), 3);
  EXPECT_TRUE(create.prev_kv() && create.fragment() && !create.progress_notify());
  EXPECT_TRUE(needs_leader);
  EXPECT_FALSE(has_timeout);
}

TEST_F(EtcdWatch, AnswersToRequestsForProgressAreNoEvents) {
  pb::WatchResponse progress;
  progress.set_watch_id(-1);
  progress.mutable_header()->set_revision(99);
  serve({sends({created(), progress, events({3}, false)})});
  EXPECT_EQ(start(), "9");
  EXPECT_EQ(next(), "3");
}

TEST_F(EtcdWatch, CompactionIsToldFromOtherCancellations) {
  serve({sends({created(), cancelled("", 42)}), sends({created(), cancelled("because", 0)}),
         sends({created(), cancelled("etcdserver: mvcc: required revision has been compacted")}),
         sends({created(), cancelled("etcdserver: no leader")})});
  for (const char* expected : {"compacted 42", "cancelled", "compacted 0", "no leader"}) {
    EXPECT_EQ(start(), "9");
    EXPECT_EQ(next(), expected);
    EXPECT_EQ(next(), expected) << "it has ended";
    watch_.reset();
  }
}

TEST_F(EtcdWatch, MayBeCancelledAtOnce) {
  pb::WatchResponse both = cancelled("etcdserver: permission denied");
  both.set_created(true);
  serve({sends({both})});
  EXPECT_EQ(start(), "cancelled");
  EXPECT_NE(failure_.error.message.find("role"), std::string::npos);
}

TEST_F(EtcdWatch, EndsWithItsStream) {
  serve({ends_with(created(), 14, "etcdserver: no leader"),
         ends_with(created(), 14, "etcdserver: server stopped"), ends_with(created(), 0, ""),
         [](GrpcPeer& peer, Call& call) {
           peer.send(call, frame_of(created()));
           return false;
         }});
  for (const char* expected : {"no leader", "lost", "lost", "lost"}) {
    EXPECT_EQ(start(), "9");
    EXPECT_EQ(next(), expected);
    watch_.reset();
  }
  EXPECT_EQ(failure_.endpoint, 0U);
}

TEST_F(EtcdWatch, AFaultOfTheEndpointMovesTheStart) {
  serve({testing::ignored()});
  serve({testing::refused(14, "etcdserver: no leader")});
  serve({testing::hung_up()});
  serve({sends({created()})});
  options_.read_patience = kInstant;
  EXPECT_EQ(start(), "9");
  EXPECT_EQ(watch_->endpoint(), 3U);
}

TEST_F(EtcdWatch, ANewTokenIsFetchedOnceForAWatchThatIsDenied) {
  pb::WatchResponse denied = cancelled("etcdserver: permission denied");
  denied.set_created(true);
  pb::AuthenticateResponse token;
  token.set_token("one");
  serve({answered(token), sends({denied}), answered(token), sends({created()}), sends({denied}),
         answered(token), sends({denied})});
  options_.user = "app";
  EXPECT_EQ(start(), "9");
  Watch second(*client_, wanted_);
  EXPECT_FALSE(loop::run_to_completion(loop_, second.start(TimePoint::max())));
  EXPECT_EQ(log_.size(), 7U);
}

// Counts the requests for progress, and answers each if it `lives`.
Task<void> count_requests(Peer& peer, int& requests, bool lives) {
  GrpcPeer grpc(peer);
  Call* call = co_await grpc.next();
  if (call == nullptr) co_return;
  grpc.send(*call, frame_of(created()));
  pb::WatchRequest progress;
  progress.mutable_progress_request();
  const std::size_t first = call->data.size();
  const std::size_t each = frame_of(progress).size();
  bool more = true;
  while (more) {
    more = co_await grpc.read();
    const int seen = std::exchange(requests, static_cast<int>((call->data.size() - first) / each));
    if (!lives || seen == requests) continue;
    grpc.send(*call, frame_of(pb::WatchResponse()));
    co_await grpc.flush();
  }
}

TEST_F(EtcdWatch, AsksForSignsOfLife) {
  int requests = 0;
  serve_script([&](Peer& peer) { return count_requests(peer, requests, false); });
  wanted_.progress_period = std::chrono::milliseconds(5);
  wanted_.silence_max = std::chrono::milliseconds(100);
  EXPECT_EQ(start(), "9");
  EXPECT_EQ(next(), "lost");
  EXPECT_NE(failure_.error.message.find("no message for 100ms"), std::string::npos)
      << failure_.error.message;
  EXPECT_GE(requests, 1);
  EXPECT_LE(requests, 21) << "later ones must not renew its patience";
}

TEST_F(EtcdWatch, SilenceBetweenCallsIsNoticedToo) {
  serve({sends({created()})});
  wanted_.progress_period = std::chrono::milliseconds(1);
  wanted_.silence_max = kInstant;
  EXPECT_EQ(start(), "9");
  std::string last = "timed out";
  while (last == "timed out") last = next(loop::EventLoop::now() + std::chrono::milliseconds(2));
  EXPECT_EQ(last, "lost");
}

TEST_F(EtcdWatch, StaysWhileThereAreSignsOfLife) {
  int requests = 0;
  serve_script([&](Peer& peer) { return count_requests(peer, requests, true); });
  wanted_.progress_period = std::chrono::milliseconds(2);
  wanted_.silence_max = std::chrono::minutes(1);
  EXPECT_EQ(start(), "9");
  std::string last = "timed out";
  while (last == "timed out" && requests < 3) last = next(loop::EventLoop::now() + kInstant);
  EXPECT_EQ(last, "timed out");
}

}  // namespace
}  // namespace sluice::etcd
