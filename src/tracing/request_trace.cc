// SPDX-License-Identifier: Apache-2.0
#include "tracing/request_trace.h"

#include <algorithm>
#include <utility>

#include "tracing/context.h"
#include "tracing/tracer.h"

namespace sluice::tracing {

namespace {

// True if the context of a request that is not sampled is passed on as it came: one field that says
// so, in the format of the server, and no other that may say something else.
bool may_stay(const Incoming& in, HeaderFormat format) {
  const bool state_is_valid = !in.tracestate_field || !in.tracestate.empty();
  return format != HeaderFormat::b3 && in.by_traceparent && in.given.sampled == false && !in.b3 &&
         !in.b3_fields && state_is_valid;
}

}  // namespace

RequestTrace::~RequestTrace() = default;

void RequestTrace::begin(Tracer& tracer, unsigned core, http::Request& request, TimePoint began) {
  const Settings& settings = tracer.settings();
  tracer_ = &tracer;
  core_ = core;
  route_ = {};
  steps_.clear();
  events_.clear();
  Incoming in = read_context(request.headers, settings.format);
  if (!settings.trust_parent) {
    if (in.any_field) remove_context(request.headers);  // what is not valid, too
    in = {};
  }
  const bool decided = in.given.sampled && settings.parent_decides;
  id_ = in.given.trace ? in.given.trace : TraceId{0, tracer.ids(core).half()};
  const bool sampled = decided ? *in.given.sampled : tracer.samples(id_);
  span_ = in.given.span;
  b3_ = in.b3 || settings.format == HeaderFormat::b3;
  b3_fields_ = in.b3_fields;
  if (!sampled && (!in.any_field || may_stay(in, settings.format))) return;
  make_ids();
  if (sampled) span_ = tracer.ids(core).half();
  if (in.tracestate_field && in.tracestate.empty()) request.headers.remove("tracestate");
  tracing::write_context(request.headers, {id_, span_, sampled, b3_, b3_fields_});
  if (!sampled) return;
  recording_ = std::make_unique<Recording>(id_, std::move(in.tracestate), settings.limits);
  recording_->set_clocks(Clock::now(), std::chrono::system_clock::now());
  Span server;
  server.id = span_;
  server.parent = in.given.span;
  server.kind = SpanKind::server;
  server.attributes.reserve(kUsualAttributes);
  server.began = began;
  (void)recording_->add(std::move(server));
}

void RequestTrace::make_ids() {
  if (tracer_ == nullptr || span_ != 0) return;
  id_.high = tracer_->ids(core_).half();
  span_ = tracer_->ids(core_).half();
}

const TraceId& RequestTrace::id() {
  make_ids();
  return id_;
}

SpanId RequestTrace::span() {
  make_ids();
  return span_;
}

void RequestTrace::pass_on(http::Request& request) {
  if (!begun() || has_traceparent(request.headers)) return;
  make_ids();
  tracing::write_context(request.headers, {id_, span_, sampled(), b3_, b3_fields_});
}

SpanId RequestTrace::step_span(std::size_t step) {
  if (step >= kSpansMax) return span_;
  if (steps_.size() <= step) steps_.resize(step + 1);
  if (steps_[step] == 0) steps_[step] = tracer_->ids(core_).half();
  return steps_[step];
}

void RequestTrace::drop_steps(std::size_t step) {
  for (; step < steps_.size(); ++step) {
    for (Span& span : recording_->spans()) {
      if (steps_[step] != 0 && span.parent == steps_[step]) span.parent = span_;
    }
  }
}

std::optional<std::size_t> RequestTrace::begin_child(std::size_t step, std::string_view name,
                                                     SpanKind kind) {
  Span span;
  span.id = tracer_->ids(core_).half();
  span.parent = step_span(step);
  span.kind = kind;
  span.name = Recording::name_of(name);
  span.began = Clock::now();
  if (recording_->add(std::move(span)) == nullptr) return std::nullopt;
  return recording_->spans().size() - 1;
}

std::optional<std::size_t> RequestTrace::begin_client(std::size_t step, std::string_view name,
                                                      http::Request& request) {
  const auto place = begin_child(step, name, SpanKind::client);
  const SpanId id = place ? recording_->spans()[*place].id : span_;
  tracing::write_context(request.headers, {id_, id, true, b3_, b3_fields_});
  return place;
}

void RequestTrace::add_event(std::size_t step, SpanEvent event) {
  if (events_.size() < kEventsMax) events_.push_back({step, std::move(event)});
}

void RequestTrace::move_events(std::size_t step, Span& span) {
  for (StepEvent& each : events_) {
    if (each.step == step) recording_->add_event(span, std::move(each.event));
  }
}

void RequestTrace::finish() { tracer_->take(core_, std::move(recording_)); }

}  // namespace sluice::tracing
