// SPDX-License-Identifier: Apache-2.0
// GrpcConnection: HTTP/2 with one endpoint, for many calls at once, some of which last for good. It
// sends PINGs while it has calls, and ends without a sign of life. Unlike backend::H2Connection it
// belongs to no pool, and its calls decide themselves how long they wait. Core-bound; keeps itself
// alive while it is open.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/time.h"
#include "http/h2/client_session.h"
#include "loop/event.h"
#include "loop/event_loop.h"
#include "loop/on_core.h"
#include "loop/task.h"
#include "net/stream.h"

namespace sluice::etcd {

// Of answers that a call has not taken yet. The connection's window opens at once, so that a call
// that does not read holds up no other.
inline constexpr std::int32_t kStreamWindowBytes = std::int32_t{1} << 20;
inline constexpr std::int32_t kConnectionWindowBytes = std::int32_t{8} << 20;
// Calls at once on one connection.
inline constexpr std::uint32_t kCallsMax = 1000;

class GrpcConnection : public std::enable_shared_from_this<GrpcConnection> {
 public:
  struct PingTimes {
    Duration period;  // a PING follows such a time of silence
    Duration max;     // the connection ends after that much silence behind a PING
  };
  // A call that the connection carries.
  class CarriedCall {
   public:
    CarriedCall() = default;
    CarriedCall(const CarriedCall&) = delete;
    CarriedCall& operator=(const CarriedCall&) = delete;
    // The connection has ended; reason() says why. Requires: does not destroy a CarriedCall.
    virtual void on_lost() = 0;

   protected:
    ~CarriedCall() = default;
  };

  // Requires: `loop` outlives this.
  GrpcConnection(loop::EventLoop& loop, std::unique_ptr<net::Stream> stream, PingTimes ping_times);
  GrpcConnection(const GrpcConnection&) = delete;
  GrpcConnection& operator=(const GrpcConnection&) = delete;

  // Begins to read. Returns true once the server has sent its SETTINGS, false at `deadline` or if
  // the connection ended before. Call first, once.
  [[nodiscard]] Task<bool> start(TimePoint deadline);

  [[nodiscard]] bool open() const { return open_; }
  // True if another call may begin now.
  [[nodiscard]] bool accepts() const { return open_ && session_.accepts(); }
  // Ends the connection and all its calls.
  void close(std::string_view reason, ErrorKind kind = ErrorKind::unavailable);
  // Ends it with the last of its calls.
  void retire();

  // For its calls.
  [[nodiscard]] http::h2::ClientSession& session() { return session_; }
  [[nodiscard]] bool is_secure() const { return stream_->is_secure(); }
  [[nodiscard]] loop::EventLoop& loop() const { return loop_; }
  // Sends the session's pending output.
  void pump();
  void add(CarriedCall& call);
  // `id`: its stream, if still open; it is reset.
  void remove(CarriedCall& call, http::h2::StreamId id);
  [[nodiscard]] std::string_view reason() const { return reason_; }
  // `invalid`: a later connection would end likewise.
  [[nodiscard]] ErrorKind reason_kind() const { return kind_; }

 private:
  static Task<void> read_all(std::shared_ptr<GrpcConnection> self);
  static Task<void> write_all(std::shared_ptr<GrpcConnection> self);
  void end_if_unused();
  void set_alarm();
  void check_life();

  loop::EventLoop& loop_;
  [[no_unique_address]] loop::OnCore on_core_;
  std::unique_ptr<net::Stream> stream_;
  const PingTimes ping_times_;
  http::h2::ClientSession session_;
  std::unordered_set<CarriedCall*> calls_;
  std::string out_;
  std::string reason_;
  ErrorKind kind_ = ErrorKind::unavailable;
  loop::Event settled_;
  loop::EventLoop::Timer alarm_;
  TimePoint heard_at_ = loop::EventLoop::now();
  TimePoint pinged_at_{};     // valid while pinged_
  bool pinged_ = false;       // a PING was sent, and nothing was heard since
  bool last_chance_ = false;  // what has arrived meanwhile is read before the end
  bool open_ = true;
  bool writing_ = false;
  bool retired_ = false;
};

}  // namespace sluice::etcd
