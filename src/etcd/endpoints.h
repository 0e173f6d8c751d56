// SPDX-License-Identifier: Apache-2.0
// Inside etcd/: the endpoints of a Client, a connection to each that is used, the token of its
// user, and the choice of the endpoint of a call. Core-bound. Dials and authentications are shared
// by the calls that wait for them, and go on without them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/connector.h"
#include "backend/server.h"
#include "etcd/call_failure.h"
#include "etcd/grpc_call.h"
#include "etcd/grpc_connection.h"
#include "etcd/options.h"
#include "loop/core.h"
#include "loop/on_core.h"
#include "loop/wait_list.h"

namespace sluice::etcd {

inline constexpr std::size_t kEndpointsMax = 32;

// A method with one message each way.
struct Method {
  std::string_view path;  // "/etcdserverpb.KV/Txn"
  bool is_read = false;   // may be repeated elsewhere
  bool streams = false;   // etcd declares it with streams
  bool needs_leader = true;
  bool with_token = true;
};

inline constexpr Duration kEndless = std::chrono::hours(24 * 365);

struct EndpointAnswer {
  std::string bytes;  // a message without its prefix
  EndpointIndex endpoint = kAnyEndpoint;
};

class Endpoints : public std::enable_shared_from_this<Endpoints> {
 public:
  // Errors: those of Client::make().
  [[nodiscard]] static Result<std::shared_ptr<Endpoints>> make(const loop::Core& core,
                                                               Options options);
  ~Endpoints();
  Endpoints(const Endpoints&) = delete;
  Endpoints& operator=(const Endpoints&) = delete;
  // Ends all connections. No call may follow.
  void close();

  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] std::size_t count() const { return places_.size(); }
  [[nodiscard]] const std::string& name_of(EndpointIndex index) const;
  [[nodiscard]] EndpointIndex current() const { return current_; }
  [[nodiscard]] loop::EventLoop& loop() const { return core_.loop; }

  // Sends `framed` and returns the message of the answer. Tries the endpoints as client.h says.
  // Requires: `framed` outlives the call.
  [[nodiscard]] Task<CallReply<EndpointAnswer>> call(Method method, std::string_view framed,
                                                     CallOptions options);
  // The same, at one endpoint only. `patience`: the longest wait for a part of the answer.
  [[nodiscard]] Task<CallReply<EndpointAnswer>> call_at(EndpointIndex index, Method method,
                                                        std::string_view framed, TimePoint deadline,
                                                        Duration patience = kEndless);
  // Returns an open call without a message yet, with the token of token_version(). `timeout`: told
  // to the server; 0: none.
  [[nodiscard]] Task<CallReply<std::unique_ptr<GrpcCall>>> open(EndpointIndex index, Method method,
                                                                TimePoint deadline,
                                                                Duration timeout);

  // The endpoints in the order to try them: those that work, from the current one on, then those
  // that have failed lately, then `avoid`.
  [[nodiscard]] std::vector<EndpointIndex> order(EndpointIndex avoid) const;
  // The endpoint is tried after the others for a while.
  void note_failure(EndpointIndex index);
  void note_success(EndpointIndex index);

  // The advice for a user of etcd that lacks a right: it names the user and the keys.
  [[nodiscard]] const std::string& denied_advice() const { return denied_advice_; }
  // True if etcd has answered that it asks nobody for a user, though one is given.
  [[nodiscard]] bool ignores_user() const { return ignores_user_; }
  [[nodiscard]] bool has_user() const { return !options_.user.empty(); }
  [[nodiscard]] std::uint64_t token_version() const { return token_version_; }
  // The token of that version is no longer accepted.
  void drop_token(std::uint64_t version);

  [[nodiscard]] CallFailure failure_of(EndpointIndex index, const Method& method,
                                       const CallEnd& end, bool may_have_acted) const;

 private:
  // Of one endpoint.
  struct Place {
    Place(const loop::Core& core, backend::Server its_server,
          const backend::ConnectorOptions& connector_options,
          std::shared_ptr<backend::KnownAddresses> known);
    const backend::Server server;
    backend::Connector connector;
    std::shared_ptr<GrpcConnection> connection{};  // null: none yet
    bool dials = false;
    std::uint64_t dials_done = 0;
    Error error{};  // of the last dial, if it has failed
    loop::WaitList dialled;
    TimePoint failed_at{};
  };

  Endpoints(const loop::Core& core, Options options);
  [[nodiscard]] Task<Result<std::shared_ptr<GrpcConnection>>> connect(EndpointIndex index,
                                                                      TimePoint deadline);
  static Task<void> dial(std::shared_ptr<Endpoints> self, EndpointIndex index);
  [[nodiscard]] Task<CallReply<void>> ensure_token(EndpointIndex index, TimePoint deadline);
  static Task<void> authenticate(std::shared_ptr<Endpoints> self, EndpointIndex index);
  struct Attempt;
  [[nodiscard]] Task<Attempt> attempt(EndpointIndex index, Method method, std::string_view framed,
                                      TimePoint deadline, Duration patience);
  [[nodiscard]] CallFailure unsent(EndpointIndex index, const Method& method,
                                   const Error& error) const;
  [[nodiscard]] bool awaits_look_up() const;
  // Of a call that no endpoint has answered: all of them, each with its reason.
  [[nodiscard]] std::string message_of(const std::vector<CallFailure>& tried,
                                       std::span<const EndpointIndex> untried) const;

  const loop::Core& core_;
  [[no_unique_address]] loop::OnCore on_core_;
  const Options options_;
  const std::string denied_advice_;
  std::vector<std::unique_ptr<Place>> places_;
  EndpointIndex current_ = 0;
  std::string token_;
  std::uint64_t token_version_ = 0;
  bool has_token_ = false;
  bool authenticates_ = false;
  std::uint64_t authentications_done_ = 0;
  CallReply<void> authenticated_;
  loop::WaitList authentication_;
  bool ignores_user_ = false;
  bool closed_ = false;
};

}  // namespace sluice::etcd
