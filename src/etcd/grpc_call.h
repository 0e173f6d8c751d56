// SPDX-License-Identifier: Apache-2.0
// GrpcCall: one call over gRPC on a GrpcConnection: messages there, messages back, and its end.
// Core-bound; one owner, which is also the only one to wait.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "etcd/grpc_connection.h"
#include "etcd/grpc_frames.h"
#include "etcd/grpc_status.h"
#include "http/h2/client_session.h"
#include "http/message.h"
#include "loop/event.h"
#include "loop/task.h"

namespace sluice::etcd {

struct GrpcHead {
  std::string_view path;       // "/etcdserverpb.KV/Txn"
  std::string_view authority;  // "10.0.0.1:2379"
  std::string_view token{};    // of Authenticate; empty: none
  Duration timeout{};          // told to the server; 0: none
  bool needs_leader = false;   // a member that sees no leader is to refuse
};

class GrpcCall final : private http::h2::ClientStream, private GrpcConnection::CarriedCall {
 public:
  GrpcCall(std::shared_ptr<GrpcConnection> connection, std::size_t message_bytes_max);
  // Cancels the call, unless it has ended.
  ~GrpcCall() override;

  // Sends the head. False if the connection takes no more calls: nothing was sent. Call first.
  [[nodiscard]] bool open(const GrpcHead& head);
  // Sends a message with its prefix. `last`: no other follows. Requires: none was the last.
  void send(std::string_view framed, bool last);

  enum class Received : std::uint8_t { message, end, nothing };
  // `message`: message() has the next one. `end`: end() says why there is no other. `nothing`: the
  // deadline has passed. Messages that have arrived come before an end or a deadline.
  [[nodiscard]] Task<Received> receive(TimePoint deadline);
  [[nodiscard]] std::string& message() { return message_; }
  [[nodiscard]] const CallEnd& end() const { return end_; }

  // False if the server has not got, and will not get, the whole of what was sent: it cannot have
  // acted on it.
  [[nodiscard]] bool may_have_acted() const { return sent_all_ && !unprocessed_; }
  // The server was reached and says that it has not processed the call.
  [[nodiscard]] bool unprocessed() const { return unprocessed_; }
  // When the last message or head arrived.
  [[nodiscard]] TimePoint heard_at() const { return heard_at_; }

 private:
  http::Response& response() override { return response_; }
  void on_head(std::optional<std::uint64_t> length, bool ended) override;
  void on_data(std::string_view bytes) override;
  void on_trailers(std::unique_ptr<http::Headers> trailers) override;
  void on_end() override;
  void on_close(http::h2::ErrorCode code) override;
  http::h2::SessionStream::Offer offer() override;
  std::string_view take(std::size_t size) override;
  const http::Headers* trailers() override { return nullptr; }
  void on_lost() override;

  void finish(CallEnd end);
  void take_unread();
  [[nodiscard]] CallEnd fault_of_frames() const;

  std::shared_ptr<GrpcConnection> connection_;
  http::h2::StreamId id_ = 0;  // 0: not open
  http::Response response_;
  GrpcFrames frames_;
  std::size_t unread_ = 0;  // bytes that hold up the server's window
  std::string outgoing_;
  std::size_t taken_ = 0;  // of outgoing_
  std::string message_;
  CallEnd end_;
  TimePoint heard_at_ = loop::EventLoop::now();
  loop::Event changed_;
  bool sends_last_ = false;
  bool sent_all_ = false;     // the last byte was handed to the connection, once
  bool unprocessed_ = false;  // the server says so
  bool has_end_ = false;
  bool is_grpc_ = false;
};

}  // namespace sluice::etcd
