// SPDX-License-Identifier: Apache-2.0
// RequestTrace: the trace of one request. It belongs to the exchange. Core-bound.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "http/message.h"
#include "tracing/span.h"

namespace sluice::tracing {

class Tracer;

class RequestTrace {
 public:
  RequestTrace() = default;
  ~RequestTrace();
  RequestTrace(const RequestTrace&) = delete;
  RequestTrace& operator=(const RequestTrace&) = delete;

  // Finds the trace of the request or begins one, decides whether it is sampled, and writes its
  // context into the request; pass_on() does that for a trace that begins here and is not sampled.
  // `tracer` outlives this, or clear(). The wall clock is read only for a
  // request that is sampled.
  void begin(Tracer& tracer, unsigned core, http::Request& request, TimePoint began);

  // False: the server has no tracing.
  [[nodiscard]] bool begun() const { return tracer_ != nullptr; }
  [[nodiscard]] bool sampled() const { return recording_ != nullptr; }
  // All zero: the server has no tracing. The first call may make the id.
  [[nodiscard]] const TraceId& id();
  // Of the span of this server; if the request is not sampled, possibly that of the caller.
  [[nodiscard]] SpanId span();

  // Gives the context to a request that leaves for a backend and has none, so that the backend
  // decides likewise. Does nothing without a trace.
  void pass_on(http::Request& request);

  // The next functions require: sampled().
  // The path of the rule, for the name of the span. It outlives the request.
  void set_route(std::string_view route) { route_ = route; }
  [[nodiscard]] std::string_view route() const { return route_; }
  [[nodiscard]] Recording& recording() { return *recording_; }
  // The first one. Invalid once another span is added.
  [[nodiscard]] Span& server_span() { return recording_->spans().front(); }
  // The id of the span of a filter: the parent of the spans below it. `step` counts the filters
  // that ran.
  [[nodiscard]] SpanId step_span(std::size_t step);
  // The filters from `step` on have no spans: those below them belong to the server.
  void drop_steps(std::size_t step);
  // Adds a span with that filter as its parent. Returns its place in the recording; nullopt beyond
  // kSpansMax.
  std::optional<std::size_t> begin_child(std::size_t step, std::string_view name, SpanKind kind);
  // The same for a request to a backend, which gets the context of the span.
  std::optional<std::size_t> begin_client(std::size_t step, std::string_view name,
                                          http::Request& request);
  // An event of the span of a filter that runs.
  void add_event(std::size_t step, SpanEvent event);
  // Gives these events to the span, once there is one.
  void move_events(std::size_t step, Span& span);
  // Hands the spans over. Nothing is sampled afterwards.
  void finish();

  // Drops what finish() has not handed over.
  void clear() {
    recording_.reset();
    route_ = {};
    id_ = {};
    span_ = 0;
    tracer_ = nullptr;
  }

 private:
  void make_ids();

  std::unique_ptr<Recording> recording_;  // null: not sampled
  std::string_view route_;                // "": none
  TraceId id_{};              // only the low half, by which it is sampled, as long as span_ is 0
  SpanId span_ = 0;           // 0: nobody has asked for the ids
  Tracer* tracer_ = nullptr;  // null: the server has no tracing
  unsigned core_ = 0;
  bool b3_ = false;
  bool b3_fields_ = false;
  std::vector<SpanId> steps_;  // of filters that are a parent; 0: not yet
  struct StepEvent {
    std::size_t step;
    SpanEvent event;
  };
  std::vector<StepEvent> events_;  // of filters that have no span yet
};

}  // namespace sluice::tracing
