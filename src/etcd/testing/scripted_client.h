// SPDX-License-Identifier: Apache-2.0
// For tests: a Client and the scripted servers that are its endpoints.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backend/testing/scripted_server.h"
#include "etcd/client.h"
#include "etcd/testing/grpc_peer.h"
#include "loop/testing/run_to_completion.h"

namespace sluice::etcd::testing {

// Of a wait that the test expects to end by its deadline.
inline constexpr Duration kShort = std::chrono::milliseconds(50);

inline pb::TxnResponse success() {
  pb::TxnResponse response;
  response.set_succeeded(true);
  response.mutable_header()->set_revision(7);
  return response;
}

class ScriptedClient : public ::testing::Test {
 protected:
  ~ScriptedClient() override {
    client_.reset();
    servers_.clear();
  }
  void serve(std::vector<backend::ScriptedServer::Script> scripts) {
    servers_.push_back(std::make_unique<backend::ScriptedServer>(loop_, std::move(scripts)));
    options_.endpoints.push_back(servers_.back()->url());
  }
  // One endpoint whose connections all play `acts`.
  void serve_acts(std::vector<Act> acts) { serve({script(std::move(acts))}); }
  backend::ScriptedServer::Script script(std::vector<Act> acts) {
    return [this, acts = std::move(acts)](backend::Peer& peer) { return play(peer, acts, log_); };
  }
  Client& client() {
    if (!client_) client_ = std::move(*Client::make(core_, options_));
    return *client_;
  }
  CallReply<pb::TxnResponse> txn(const CallOptions& call = {}) {
    return loop::run_to_completion(loop_, client().txn(request_, call));
  }
  static CallOptions within(Duration duration) {
    CallOptions call;
    call.deadline = loop::EventLoop::now() + duration;
    return call;
  }
  // "refused 14 text", "unknown 14 text", or "7", the revision.
  static std::string words(const CallReply<pb::TxnResponse>& reply) {
    if (reply) return std::to_string(reply->header().revision());
    const CallFailure& failure = reply.error();
    std::string text = failure.error.message;
    text = text.substr(text.find(": ") + 2);
    return (failure.certainty == Certainty::refused ? "refused " : "unknown ") +
           std::to_string(static_cast<int>(failure.status)) + ' ' + text;
  }

  loop::EventLoop loop_;
  loop::Core core_{loop_, 0, 1};
  std::vector<std::string> log_;
  std::vector<std::unique_ptr<backend::ScriptedServer>> servers_;
  Options options_;
  pb::TxnRequest request_;
  std::unique_ptr<Client> client_;
};

}  // namespace sluice::etcd::testing
