// SPDX-License-Identifier: Apache-2.0
// Covers: tracer.cc exporter.cc collector.cc metrics.cc
#include "tracing/request_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tracing/context.h"
#include "tracing/metrics.h"
#include "tracing/tracer.h"

namespace sluice::tracing {
namespace {

constexpr std::string_view kSampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr std::string_view kNotSampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
constexpr TraceId kTraceOfCaller{0x4bf92f3577b34da6, 0xa3ce929d0e0e4736};

class RequestTraces : public ::testing::Test {
 protected:
  // A Tracer that does not export.
  Tracer& tracer(Settings settings) {
    tracer_ = std::make_unique<Tracer>(std::move(settings), 2, nullptr, Logger());
    return *tracer_;
  }
  void begin(const Settings& settings) {
    trace_.begin(tracer(settings), 1, request_, Clock::now(), std::chrono::system_clock::now());
  }
  Given sent() const { return read_context(request_.headers, HeaderFormat::trace_context).given; }
  std::string field(std::string_view name) const {
    return std::string(request_.headers.get(name).value_or("-"));
  }
  Json figures() const { return tracer_->status(); }

  std::unique_ptr<Tracer> tracer_;
  http::Request request_;
  RequestTrace trace_;
};

TEST_F(RequestTraces, ANewTrace) {
  begin({});
  EXPECT_TRUE(trace_.sampled());
  EXPECT_EQ(sent(), (Given{trace_.id(), trace_.span(), true}));
  EXPECT_EQ(trace_.server_span().parent, 0U);
  EXPECT_EQ(field("b3"), "-");
}

TEST_F(RequestTraces, ANewTraceThatIsNotSampled) {
  begin({.sample_rate = 0});
  EXPECT_FALSE(trace_.sampled());
  EXPECT_EQ(request_.headers.size(), 0U) << "nobody has asked for its ids";
  trace_.pass_on(request_);
  const Given given = sent();
  EXPECT_NE(given.trace.high, 0U);
  EXPECT_NE(given.span, 0U);
  EXPECT_EQ(given, (Given{trace_.id(), trace_.span(), false})) << "the backends decide likewise";
  http::Request retry;
  trace_.pass_on(retry);
  EXPECT_EQ(read_context(retry.headers, HeaderFormat::trace_context).given, given);
}

TEST_F(RequestTraces, TheLogMayAskForTheIdFirst) {
  begin({.sample_rate = 0, .format = HeaderFormat::b3});
  const TraceId id = trace_.id();
  EXPECT_TRUE(id.high != 0 && id.low != 0);
  trace_.pass_on(request_);
  EXPECT_EQ(sent().trace, id);
  EXPECT_EQ(field("b3"), to_hex(id) + "-" + to_hex(trace_.span()) + "-0");
  trace_.clear();
  EXPECT_FALSE(trace_.id()) << "there is no trace";
}

TEST_F(RequestTraces, AnInvalidContextIsReplacedAtOnce) {
  request_.headers.add("traceparent", "00-nonsense");
  begin({.sample_rate = 0});
  EXPECT_EQ(sent(), (Given{trace_.id(), trace_.span(), false}));
}

// A decision that needs no id agrees with that of another process, which has only the id.
TEST_F(RequestTraces, TheDecisionIsThatOfTheId) {
  Tracer& own = tracer({.sample_rate = 0.5});
  unsigned sampled = 0;
  constexpr unsigned kCount = 1000;
  for (unsigned i = 0; i < kCount; ++i) {
    http::Request request;
    trace_.clear();
    trace_.begin(own, 1, request, Clock::now(), std::chrono::system_clock::now());
    sampled += trace_.sampled() ? 1 : 0;
    EXPECT_EQ(trace_.sampled(), own.samples(trace_.id()));
  }
  EXPECT_TRUE(sampled > 0 && sampled < kCount) << sampled;
}

TEST_F(RequestTraces, TheParentDecides) {
  request_.headers.add("traceparent", kSampled);
  request_.headers.add("tracestate", "a=1");
  begin({.sample_rate = 0});
  ASSERT_TRUE(trace_.sampled());
  EXPECT_EQ(trace_.id(), kTraceOfCaller);
  EXPECT_EQ(trace_.server_span().parent, 0x00f067aa0ba902b7U);
  EXPECT_NE(trace_.span(), 0x00f067aa0ba902b7U);
  EXPECT_EQ(sent(), (Given{kTraceOfCaller, trace_.span(), true}));
  EXPECT_EQ(field("tracestate"), "a=1");
  EXPECT_EQ(trace_.recording().tracestate(), "a=1");
}

TEST_F(RequestTraces, TheParentDecidesAgainstIt) {
  request_.headers.add("traceparent", kNotSampled);
  begin({});
  EXPECT_FALSE(trace_.sampled());
  EXPECT_EQ(field("traceparent"), kNotSampled);
  EXPECT_EQ(trace_.id(), kTraceOfCaller);
}

TEST_F(RequestTraces, TheParentDoesNotDecide) {
  request_.headers.add("traceparent", kSampled);
  begin({.sample_rate = 0, .parent_decides = false});
  EXPECT_FALSE(trace_.sampled());
  EXPECT_EQ(sent(), (Given{kTraceOfCaller, 0x00f067aa0ba902b7, false}));
}

TEST_F(RequestTraces, TheParentIsNotTrusted) {
  request_.headers.add("traceparent", kSampled);
  request_.headers.add("tracestate", "a=1");
  request_.headers.add("b3", "0");
  begin({.trust_parent = false});
  EXPECT_TRUE(trace_.sampled());
  EXPECT_NE(trace_.id(), kTraceOfCaller);
  EXPECT_EQ(trace_.server_span().parent, 0U);
  EXPECT_EQ(field("tracestate"), "-");
  EXPECT_EQ(field("b3"), "-");
}

TEST_F(RequestTraces, AnInvalidParentIsNone) {
  request_.headers.add("traceparent", "00-nonsense");
  request_.headers.add("tracestate", "a=1");
  begin({});
  EXPECT_EQ(sent(), (Given{trace_.id(), trace_.span(), true}));
  EXPECT_EQ(field("tracestate"), "-");
}

TEST_F(RequestTraces, B3IsSentOnInTheSameForm) {
  request_.headers.add("X-B3-TraceId", "00000000000000aa");
  request_.headers.add("X-B3-SpanId", "00000000000000bb");
  request_.headers.add("X-B3-Sampled", "1");
  begin({.sample_rate = 0});
  ASSERT_TRUE(trace_.sampled());
  EXPECT_EQ(trace_.server_span().parent, 0xbbU);
  EXPECT_EQ(sent(), (Given{{0, 0xaa}, trace_.span(), true})) << "as traceparent, too";
  EXPECT_EQ(field("X-B3-SpanId"), to_hex(trace_.span()));
  EXPECT_EQ(field("b3"), "-");
}

TEST_F(RequestTraces, AB3ThatIsNotSampled) {
  request_.headers.add("b3", "00000000000000aa-00000000000000bb-0");
  begin({});
  EXPECT_FALSE(trace_.sampled());
  EXPECT_EQ(sent(), (Given{{0, 0xaa}, 0xbb, false}));
}

TEST_F(RequestTraces, HeaderFormatB3) {
  begin({.format = HeaderFormat::b3});
  EXPECT_EQ(field("b3"), to_hex(trace_.id()) + "-" + to_hex(trace_.span()) + "-1");
  EXPECT_EQ(sent().trace, trace_.id());
}

TEST_F(RequestTraces, EachTryHasAContext) {
  begin({});
  const auto place = trace_.begin_client(3, "GET", request_);
  ASSERT_TRUE(place);
  const Span& span = trace_.recording().spans()[*place];
  EXPECT_EQ(sent(), (Given{trace_.id(), span.id, true}));
  EXPECT_EQ(span.parent, trace_.step_span(3));
  EXPECT_NE(span.parent, trace_.span());
  trace_.drop_steps(3);
  EXPECT_EQ(trace_.recording().spans()[*place].parent, trace_.span());
}

TEST_F(RequestTraces, ARequestThatAFilterMakesGetsTheContext) {
  http::Request made;
  trace_.pass_on(made);
  EXPECT_EQ(made.headers.size(), 0U) << "there is no trace";
  request_.headers.add("traceparent", kNotSampled);
  request_.headers.add("b3", "0");
  begin({});
  trace_.pass_on(made);
  EXPECT_EQ(made.headers.get("traceparent"), kNotSampled);
  EXPECT_EQ(made.headers.get("b3"), "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0");
  made.headers.set("traceparent", "of the filter");
  trace_.pass_on(made);
  EXPECT_EQ(made.headers.get("traceparent"), "of the filter");
}

TEST_F(RequestTraces, SpansBeyondTheBound) {
  begin({});
  for (std::size_t i = 1; i < kSpansMax; ++i) EXPECT_TRUE(trace_.begin_client(0, "GET", request_));
  EXPECT_FALSE(trace_.begin_client(0, "GET", request_));
  EXPECT_EQ(sent(), (Given{trace_.id(), trace_.span(), true}));
  EXPECT_EQ(trace_.step_span(kSpansMax), trace_.span());
  EXPECT_EQ(trace_.recording().lost(), 1U);
}

TEST_F(RequestTraces, AFullQueueDropsAndCounts) {
  Tracer& own = tracer({.batch = {.queue_spans = 2}});
  for (int i = 0; i < 3; ++i) {
    trace_.begin(own, 1, request_, Clock::now(), std::chrono::system_clock::now());
    trace_.finish();
    EXPECT_FALSE(trace_.sampled());
  }
  EXPECT_EQ(figures()["spans"], 2);
  EXPECT_EQ(figures()["dropped"], 1);
  observe::Exposition shown;
  expose(own, "shop", shown);
  EXPECT_THAT(shown.text(),
              ::testing::HasSubstr("sluice_tracing_dropped_spans_total{server=\"shop\"} 1\n"));
}

TEST_F(RequestTraces, ShareOfTraces) {
  Tracer& own = tracer({.sample_rate = 0.25});
  int sampled = 0;
  constexpr int kCount = 10'000;
  for (int i = 0; i < kCount; ++i) sampled += own.samples({0, own.ids(0).half()}) ? 1 : 0;
  EXPECT_GT(sampled, kCount / 5);
  EXPECT_LT(sampled, kCount * 3 / 10);
  EXPECT_FALSE(tracer({.sample_rate = 0}).samples({0, 0}));
  EXPECT_TRUE(tracer({}).samples({0, ~std::uint64_t{0}}));
}

}  // namespace
}  // namespace sluice::tracing
