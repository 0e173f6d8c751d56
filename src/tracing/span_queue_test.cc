// SPDX-License-Identifier: Apache-2.0
#include "tracing/span_queue.h"

#include <gtest/gtest.h>

#include <thread>

namespace sluice::tracing {
namespace {

std::unique_ptr<Recording> trace_of(std::uint64_t number, std::size_t spans = 1) {
  auto trace = std::make_unique<Recording>(TraceId{0, number}, "", SpanLimits());
  for (std::size_t i = 0; i < spans; ++i) (void)trace->add({});
  return trace;
}

TEST(SpanQueue, KeepsTheOrder) {
  SpanQueue queue(8);
  EXPECT_EQ(queue.pop(), nullptr);
  EXPECT_TRUE(queue.push(trace_of(1, 2)));
  EXPECT_TRUE(queue.push(trace_of(2)));
  EXPECT_EQ(queue.spans(), 3U);
  EXPECT_EQ(queue.pop()->trace().low, 1U);
  EXPECT_EQ(queue.spans(), 1U);
  EXPECT_EQ(queue.pop()->trace().low, 2U);
  EXPECT_EQ(queue.pop(), nullptr);
}

TEST(SpanQueue, HoldsSoManySpans) {
  SpanQueue queue(3);
  EXPECT_TRUE(queue.push(trace_of(1, 2)));
  EXPECT_FALSE(queue.push(trace_of(2, 2)));
  EXPECT_TRUE(queue.push(trace_of(3)));
  EXPECT_FALSE(queue.push(trace_of(4)));
  (void)queue.pop();
  EXPECT_TRUE(queue.push(trace_of(5, 2)));
  EXPECT_EQ(queue.spans(), 3U);
}

TEST(SpanQueue, HoldsSoManyBytes) {
  const std::size_t one = trace_of(1)->bytes();
  SpanQueue queue(100, one * 2);
  EXPECT_TRUE(queue.push(trace_of(1)));
  EXPECT_TRUE(queue.push(trace_of(2)));
  EXPECT_FALSE(queue.push(trace_of(3)));
  (void)queue.pop();
  EXPECT_TRUE(queue.push(trace_of(4)));
}

TEST(SpanQueue, TwoThreads) {
  constexpr std::uint64_t kCount = 50'000;
  constexpr std::size_t kBound = 250;
  SpanQueue queue(kBound);
  std::jthread pushes([&queue] {
    for (std::uint64_t i = 1; i <= kCount;) {
      if (queue.push(trace_of(i))) {
        ++i;
      } else {
        std::this_thread::yield();
      }
    }
  });
  for (std::uint64_t next = 1; next <= kCount;) {
    const auto trace = queue.pop();
    if (trace) {
      EXPECT_EQ(trace->trace().low, next++);
    } else {
      std::this_thread::yield();
    }
    EXPECT_LE(queue.spans(), kBound);
  }
}

}  // namespace
}  // namespace sluice::tracing
