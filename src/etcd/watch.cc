// SPDX-License-Identifier: Apache-2.0
#include "etcd/watch.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "etcd/endpoints.h"
#include "etcd/grpc_call.h"
#include "etcd/grpc_frames.h"
#include "etcd/watch_events.h"

namespace sluice::etcd {

using Why = WatchFailure::Why;

namespace {

constexpr Method kWatch{.path = "/etcdserverpb.Watch/Watch", .is_read = true, .streams = true};

bool is_denied(const pb::WatchResponse& response) {
  return response.cancel_reason().contains("permission denied") ||
         response.cancel_reason().contains("auth");
}

Why why_of(const CallEnd& end) {
  if (end.message.contains("no leader")) return Why::no_leader;
  if (end.status == Status::ok || may_be_the_endpoint(end.status)) return Why::lost;
  return Why::cancelled;
}

}  // namespace

struct Watch::State {
  State(std::shared_ptr<Endpoints> its_endpoints, WatchOptions its_options)
      : endpoints(std::move(its_endpoints)),
        options(std::move(its_options)),
        events(options.start_revision, {kWatchPartBytes, kWatchRevisionBytesMax}) {}

  std::shared_ptr<Endpoints> endpoints;
  WatchOptions options;
  EndpointIndex endpoint = kAnyEndpoint;
  std::unique_ptr<GrpcCall> call;
  WatchEvents events;
  std::optional<WatchFailure> ended;
  TimePoint progress_at = TimePoint::max();  // the next request for progress
  std::optional<TimePoint> asked_at;         // the oldest request without a message since

  [[nodiscard]] std::string first_message() const;
  [[nodiscard]] WatchFailure failure(Why why, const CallEnd& end) const;
  [[nodiscard]] WatchFailure end_with(WatchFailure failure);
  [[nodiscard]] WatchFailure cancelled(const pb::WatchResponse& response) const;
  [[nodiscard]] Task<WatchReply<pb::WatchResponse>> receive(TimePoint deadline);
  [[nodiscard]] Task<WatchReply<pb::ResponseHeader>> start_at(EndpointIndex index,
                                                              TimePoint deadline);
  [[nodiscard]] Task<WatchReply<pb::ResponseHeader>> create(EndpointIndex index, TimePoint deadline,
                                                            bool& denied);
  [[nodiscard]] TimePoint next_alarm() const;
  void ask();
  [[nodiscard]] bool is_silent() const;
};

// --- Failures

WatchFailure Watch::State::failure(Why why, const CallEnd& end) const {
  WatchFailure failure;
  failure.why = why;
  failure.endpoint = endpoint;
  failure.error = error_of(end, endpoints->name_of(endpoint), endpoints->denied_advice());
  return failure;
}

WatchFailure Watch::State::end_with(WatchFailure failure) {
  call.reset();
  ended = failure;
  return failure;
}

WatchFailure Watch::State::cancelled(const pb::WatchResponse& response) const {
  const std::string& reason = response.cancel_reason();
  if (response.compact_revision() > 0 || reason.contains("compacted")) {
    CallEnd end{Status::out_of_range, "the events before revision " +
                                          std::to_string(response.compact_revision()) +
                                          " are compacted: read the state anew"};
    WatchFailure compacted = failure(Why::compacted, end);
    compacted.compact_revision = response.compact_revision();
    return compacted;
  }
  if (reason.contains("no leader")) return failure(Why::no_leader, {Status::unavailable, reason});
  const Status status = is_denied(response) ? Status::permission_denied : Status::cancelled;
  return failure(Why::cancelled, {status, reason.empty() ? "cancelled" : reason});
}

// --- The start

std::string Watch::State::first_message() const {
  pb::WatchRequest request;
  pb::WatchCreateRequest& create = *request.mutable_create_request();
  create.set_key(options.key);
  create.set_range_end(options.range_end);
  create.set_start_revision(options.start_revision);
  create.set_prev_kv(options.prev_kv);
  create.set_fragment(true);
  return frame_of(request);
}

Task<WatchReply<pb::ResponseHeader>> Watch::State::create(EndpointIndex index, TimePoint deadline,
                                                          bool& denied) {
  endpoint = index;
  auto opened = co_await endpoints->open(index, kWatch, deadline, Duration{});
  if (!opened) {
    WatchFailure unopened;
    unopened.endpoint = index;
    unopened.why = why_of({opened.error().status, {}});
    unopened.error = std::move(opened).error().error;
    co_return std::unexpected(std::move(unopened));
  }
  call = std::move(*opened);
  call->send(first_message(), false);
  auto response = co_await receive(deadline);
  if (!response) co_return std::unexpected(std::move(response).error());
  denied = response->canceled() && is_denied(*response);
  if (response->canceled()) co_return std::unexpected(cancelled(*response));
  if (!response->created()) {
    const CallEnd end{Status::internal, "the first answer creates no watch"};
    co_return std::unexpected(failure(Why::lost, end));
  }
  co_return response->header();
}

// A token that etcd has forgotten looks like a lack of permission.
Task<WatchReply<pb::ResponseHeader>> Watch::State::start_at(EndpointIndex index,
                                                            TimePoint deadline) {
  bool denied = false;
  auto created = co_await create(index, deadline, denied);
  if (denied && endpoints->has_user()) {
    call.reset();
    endpoints->drop_token(endpoints->token_version());
    created = co_await create(index, deadline, denied);
  }
  if (!created) call.reset();
  co_return created;
}

Task<WatchReply<pb::ResponseHeader>> Watch::start(TimePoint deadline) {
  const std::vector<EndpointIndex> in_turn = state_->endpoints->order(state_->options.avoid);
  for (std::size_t i = 0;; ++i) {
    const bool last = i + 1 == in_turn.size();
    const TimePoint now = loop::EventLoop::now();
    const Duration patience = state_->endpoints->options().read_patience;
    const TimePoint until = last ? deadline : std::min(deadline, now + patience);
    auto created = co_await state_->start_at(in_turn[i], until);
    if (created) {
      state_->endpoints->note_success(in_turn[i]);
      state_->progress_at = loop::EventLoop::now() + state_->options.progress_period;
      co_return created;
    }
    const Why why = created.error().why;
    const bool elsewhere = why == Why::lost || why == Why::no_leader || why == Why::timed_out;
    if (elsewhere) state_->endpoints->note_failure(in_turn[i]);
    if (!elsewhere || last || loop::EventLoop::now() >= deadline)
      co_return std::unexpected(state_->end_with(std::move(created).error()));
  }
}

// --- Events

TimePoint Watch::State::next_alarm() const {
  if (options.progress_period <= Duration{}) return TimePoint::max();
  return asked_at ? std::min(progress_at, *asked_at + options.silence_max) : progress_at;
}

void Watch::State::ask() {
  const TimePoint now = loop::EventLoop::now();
  if (asked_at && call->heard_at() > *asked_at) asked_at.reset();
  if (options.progress_period <= Duration{} || now < progress_at) return;
  pb::WatchRequest request;
  request.mutable_progress_request();
  call->send(frame_of(request), false);
  progress_at = now + options.progress_period;
  if (!asked_at) asked_at = now;
}

bool Watch::State::is_silent() const {
  return asked_at && call->heard_at() <= *asked_at &&
         loop::EventLoop::now() >= *asked_at + options.silence_max;
}

// The next response.
Task<WatchReply<pb::WatchResponse>> Watch::State::receive(TimePoint deadline) {
  bool had_a_turn = false;
  while (true) {
    const TimePoint until = std::min(deadline, next_alarm());
    const auto received = co_await call->receive(until);
    if (received == GrpcCall::Received::message) {
      asked_at.reset();
      pb::WatchResponse response;
      if (decode(call->message(), response)) co_return response;
      co_return std::unexpected(failure(Why::lost, {Status::internal, "the answer is damaged"}));
    }
    if (received == GrpcCall::Received::end) {
      CallEnd end = call->end();
      if (end.status == Status::ok) end.message = "etcd has ended the stream";
      co_return std::unexpected(failure(why_of(end), end));
    }
    if (is_silent() && !std::exchange(had_a_turn, true)) {
      co_await endpoints->loop().yield();  // reads what has arrived while this process stood still
      continue;
    }
    if (is_silent()) {
      const CallEnd end{Status::unavailable,
                        "no message for " + format_duration(options.silence_max)};
      co_return std::unexpected(failure(Why::lost, end));
    }
    ask();
    if (loop::EventLoop::now() >= deadline)
      co_return std::unexpected(failure(Why::timed_out, {Status::deadline_exceeded, "no events"}));
  }
}

Task<WatchReply<pb::WatchResponse>> Watch::next(TimePoint deadline) {
  State& state = *state_;
  while (!state.ended) {
    if (state.events.ready()) co_return state.events.take();
    if (state.events.too_large()) {
      const CallEnd end{Status::resource_exhausted, "a revision has too many bytes of events"};
      co_return std::unexpected(state.end_with(state.failure(Why::too_large, end)));
    }
    auto response = co_await state.receive(deadline);
    if (!response && response.error().why == Why::timed_out)
      co_return std::unexpected(std::move(response).error());
    if (!response) {
      state.endpoints->note_failure(state.endpoint);
      co_return std::unexpected(state.end_with(std::move(response).error()));
    }
    if (response->canceled()) co_return std::unexpected(state.end_with(state.cancelled(*response)));
    if (!response->events().empty()) state.events.add(std::move(*response));
  }
  co_return std::unexpected(*state.ended);
}

Watch::Watch(Client& client, WatchOptions options)
    : state_(std::make_unique<State>(client.endpoints_, std::move(options))) {}
Watch::~Watch() = default;

EndpointIndex Watch::endpoint() const { return state_->endpoint; }

}  // namespace sluice::etcd
