// SPDX-License-Identifier: Apache-2.0
// For tests: a gRPC server on one connection of a backend::ScriptedServer. It reads requests, and
// answers as a script says, also in ways that no server should.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backend/testing/scripted_server.h"
#include "etcd/grpc_frames.h"
#include "http/h2/testing/test_peer.h"

namespace sluice::etcd::testing {

using Call = http::h2::TestStream;

class GrpcPeer {
 public:
  explicit GrpcPeer(backend::Peer& peer, const http::h2::SessionLimits& limits = {})
      : peer_(peer), owner_(limits) {}

  // The next call whose first message has arrived; null if the client has closed before.
  Task<Call*> next() {
    while (true) {
      for (const auto& stream : owner_.streams) {
        if (seen_ <= stream->id && !stream->closed && has_message(*stream)) {
          seen_ = stream->id + 1;
          co_return stream.get();
        }
      }
      const bool more = co_await read();
      if (!more) co_return nullptr;
    }
  }
  // Takes bytes of the client; false if it has closed.
  Task<bool> read() {
    co_await flush();
    const std::string bytes = co_await peer_.read_any();
    if (bytes.empty()) co_return false;
    owner_.session->receive(bytes);
    co_await flush();
    co_return true;
  }
  Task<void> flush() {
    std::string out = owner_.output() + std::exchange(raw, {});
    if (!out.empty()) co_await peer_.send(std::move(out));
  }

  // Sends `framed` as a part of the answer.
  void send(Call& call, std::string framed) {
    announce_body(call);
    begin(call);
    parts_.push_back(std::move(framed));
    call.content = parts_.back();
    call.all = false;
    owner_.session->resume(call.id);
  }
  // Ends the answer, after `framed`, with trailers.
  void answer(Call& call, std::string framed, int status = 0, std::string_view text = "") {
    announce_body(call);
    auto trailers = std::make_unique<http::Headers>();
    trailers->add("grpc-status", std::to_string(status));
    if (!text.empty()) trailers->add("grpc-message", text);
    call.response.body.set_trailers(std::move(trailers));
    parts_.push_back(std::move(framed));
    call.content = parts_.back();
    call.all = true;
    begin(call);
    owner_.session->resume(call.id);
  }
  // Answers with a head only.
  void refuse(Call& call, int status, std::string_view text) {
    call.response.headers.add("content-type", "application/grpc");
    call.response.headers.add("grpc-status", std::to_string(status));
    call.response.headers.add("grpc-message", text);
    owner_.session->submit_response(call.id, call.response, false, "");
  }
  void reset(Call& call, http::h2::ErrorCode code) { owner_.session->reset(call.id, code); }
  http::h2::Session& session() { return *owner_.session; }
  [[nodiscard]] const http::h2::TestOwner& owner() const { return owner_; }

  std::string raw;  // sent by the next flush() as it is

 private:
  // Of no length.
  class NoReader final : public http::BodyReader {
   public:
    Task<Result<std::string_view>> read() override { co_return std::string_view(); }
  };
  static void announce_body(Call& call) {
    if (!call.answered) call.response.body = {std::make_unique<NoReader>(), std::nullopt};
  }
  static bool has_message(const Call& call) {
    if (call.data.size() < kGrpcPrefixBytes) return false;
    GrpcFrames frames(std::size_t{64} << 20);
    frames.feed(call.data);
    return frames.has_message();
  }
  void begin(Call& call) {
    if (std::exchange(call.answered, true)) return;
    call.response.headers.add("content-type", "application/grpc");
    owner_.session->submit_response(call.id, call.response, true, "");
  }

  backend::Peer& peer_;
  http::h2::TestOwner owner_;
  http::h2::StreamId seen_ = 0;
  std::deque<std::string> parts_;
};

// The answer to a call. False: the connection closes.
using Act = std::function<bool(GrpcPeer&, Call&)>;

// A script: the n-th call of the connection gets the n-th act, further calls get the last. `log`
// receives "path token" of each call, and outlives the script.
inline Task<void> play(backend::Peer& peer, std::vector<Act> acts, std::vector<std::string>& log) {
  GrpcPeer grpc(peer);
  for (std::size_t i = 0;; ++i) {
    Call* call = co_await grpc.next();
    if (call == nullptr) co_return;
    const auto token = call->message.headers.get("token");
    log.push_back(call->message.escaped_path + (token ? ' ' + std::string(*token) : ""));
    const Act act = acts[std::min(i, acts.size() - 1)];
    const bool goes_on = act(grpc, *call);
    co_await grpc.flush();
    if (!goes_on) co_return;
  }
}

inline Act answered(const google::protobuf::MessageLite& message) {
  return [framed = frame_of(message)](GrpcPeer& peer, Call& call) {
    peer.answer(call, framed);
    return true;
  };
}
inline Act refused(int status, std::string text) {
  return [status, text = std::move(text)](GrpcPeer& peer, Call& call) {
    peer.refuse(call, status, text);
    return true;
  };
}
inline Act reset_by(http::h2::ErrorCode code) {
  return [code](GrpcPeer& peer, Call& call) {
    peer.reset(call, code);
    return true;
  };
}
inline Act ignored() {
  return [](GrpcPeer&, Call&) { return true; };
}
inline Act hung_up() {
  return [](GrpcPeer&, Call&) { return false; };
}

}  // namespace sluice::etcd::testing
