// SPDX-License-Identifier: Apache-2.0
#include "etcd/client.h"

#include <algorithm>
#include <utility>

#include "etcd/endpoints.h"
#include "etcd/grpc_frames.h"

namespace sluice::etcd {
namespace {

constexpr Method kRange{.path = "/etcdserverpb.KV/Range", .is_read = true};
// A member without a leader may answer it.
constexpr Method kLocalRange{
    .path = "/etcdserverpb.KV/Range", .is_read = true, .needs_leader = false};
constexpr Method kTxn{.path = "/etcdserverpb.KV/Txn"};
constexpr Method kCompact{.path = "/etcdserverpb.KV/Compact"};
constexpr Method kLeaseGrant{.path = "/etcdserverpb.Lease/LeaseGrant"};
constexpr Method kLeaseRevoke{.path = "/etcdserverpb.Lease/LeaseRevoke"};
constexpr Method kLeaseKeepAlive{.path = "/etcdserverpb.Lease/LeaseKeepAlive", .streams = true};
constexpr Method kLeaseTimeToLive{.path = "/etcdserverpb.Lease/LeaseTimeToLive", .is_read = true};
constexpr Method kStatus{
    .path = "/etcdserverpb.Maintenance/Status", .is_read = true, .needs_leader = false};

template <class Response>
CallReply<Response> decoded(const Endpoints& endpoints, const Method& method,
                            CallReply<EndpointAnswer> reply) {
  if (!reply) return std::unexpected(std::move(reply).error());
  Response response;
  if (decode(reply->bytes, response)) return response;
  const CallEnd end{Status::internal, "the answer is damaged"};
  return std::unexpected(endpoints.failure_of(reply->endpoint, method, end, true));
}

// `request` need not outlive the first suspension.
template <class Response, class Request>
Task<CallReply<Response>> call(Endpoints& endpoints, Method method, const Request& request,
                               CallOptions options) {
  const std::string framed = frame_of(request);
  auto reply = co_await endpoints.call(method, framed, options);
  co_return decoded<Response>(endpoints, method, std::move(reply));
}

}  // namespace

Result<std::unique_ptr<Client>> Client::make(const loop::Core& core, Options options) {
  SLUICE_TRY(auto endpoints, Endpoints::make(core, std::move(options)));
  return std::unique_ptr<Client>(new Client(std::move(endpoints)));
}

Client::Client(std::shared_ptr<Endpoints> endpoints) : endpoints_(std::move(endpoints)) {}
Client::~Client() { endpoints_->close(); }

Task<CallReply<pb::RangeResponse>> Client::range(const pb::RangeRequest& request,
                                                 CallOptions options) {
  const Method& method = request.serializable() ? kLocalRange : kRange;
  return call<pb::RangeResponse>(*endpoints_, method, request, options);
}

Task<CallReply<pb::TxnResponse>> Client::txn(const pb::TxnRequest& request, CallOptions options) {
  return call<pb::TxnResponse>(*endpoints_, kTxn, request, options);
}

Task<CallReply<pb::CompactionResponse>> Client::compact(const pb::CompactionRequest& request,
                                                        CallOptions options) {
  return call<pb::CompactionResponse>(*endpoints_, kCompact, request, options);
}

Task<CallReply<pb::LeaseGrantResponse>> Client::lease_grant(const pb::LeaseGrantRequest& request,
                                                            CallOptions options) {
  return call<pb::LeaseGrantResponse>(*endpoints_, kLeaseGrant, request, options);
}

Task<CallReply<pb::LeaseRevokeResponse>> Client::lease_revoke(std::int64_t id,
                                                              CallOptions options) {
  pb::LeaseRevokeRequest request;
  request.set_id(id);
  co_return co_await call<pb::LeaseRevokeResponse>(*endpoints_, kLeaseRevoke, request, options);
}

Task<CallReply<pb::LeaseKeepAliveResponse>> Client::lease_keep_alive(std::int64_t id,
                                                                     CallOptions options) {
  pb::LeaseKeepAliveRequest request;
  request.set_id(id);
  const std::string framed = frame_of(request);
  auto reply = co_await endpoints_->call(kLeaseKeepAlive, framed, options);
  const EndpointIndex endpoint = reply ? reply->endpoint : kAnyEndpoint;
  auto response =
      decoded<pb::LeaseKeepAliveResponse>(*endpoints_, kLeaseKeepAlive, std::move(reply));
  if (!response || response->ttl() > 0) co_return response;
  const CallEnd end{Status::not_found, "there is no such lease", true};
  co_return std::unexpected(endpoints_->failure_of(endpoint, kLeaseKeepAlive, end, true));
}

Task<CallReply<pb::LeaseTimeToLiveResponse>> Client::lease_time_to_live(
    const pb::LeaseTimeToLiveRequest& request, CallOptions options) {
  return call<pb::LeaseTimeToLiveResponse>(*endpoints_, kLeaseTimeToLive, request, options);
}

Task<CallReply<pb::StatusResponse>> Client::status(EndpointIndex endpoint, CallOptions options) {
  const std::string framed = frame_of(pb::StatusRequest());
  const TimePoint deadline = endpoints_->options().deadline_of(options, loop::EventLoop::now());
  auto reply = co_await endpoints_->call_at(endpoint, kStatus, framed, deadline);
  co_return decoded<pb::StatusResponse>(*endpoints_, kStatus, std::move(reply));
}

Task<CallReply<pb::StatusResponse>> Client::any_status(CallOptions options) {
  co_return co_await call<pb::StatusResponse>(*endpoints_, kStatus, pb::StatusRequest(), options);
}

bool Client::ignores_user() const { return endpoints_->ignores_user(); }
std::size_t Client::endpoints() const { return endpoints_->count(); }
const std::string& Client::name_of(EndpointIndex endpoint) const {
  return endpoints_->name_of(endpoint);
}
EndpointIndex Client::current() const { return endpoints_->current(); }

}  // namespace sluice::etcd
