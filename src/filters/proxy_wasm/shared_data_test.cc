// SPDX-License-Identifier: Apache-2.0
// Covers: append_map.h readers.cc
#include "filters/proxy_wasm/shared_data.h"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <string>
#include <thread>
#include <vector>

#include "filters/proxy_wasm/plugin_metrics.h"

namespace sluice::filters::proxy_wasm {
namespace {

constexpr int kThreads = 4;

TEST(ProxyWasmSharedData, AValueChangesOnlyWithItsNumber) {
  SharedData data;
  EXPECT_EQ(data.get("k"), std::nullopt);
  EXPECT_EQ(data.set("k", "a", 7), Status::cas_mismatch);
  EXPECT_EQ(data.get("k"), std::nullopt);
  EXPECT_EQ(data.set("k", "a", 0), Status::ok);
  const std::uint32_t first = data.get("k")->number;
  EXPECT_NE(first, 0U);
  EXPECT_EQ(data.set("k", "b", first), Status::ok);
  EXPECT_EQ(data.set("k", "c", first), Status::cas_mismatch);
  EXPECT_EQ(data.get("k")->bytes, "b");
  EXPECT_EQ(data.set("k", "", 0), Status::ok) << "whatever the number is";
  EXPECT_EQ(data.get("k")->bytes, "");
}

TEST(ProxyWasmSharedData, HasLimits) {
  SharedData data;
  EXPECT_EQ(data.set(std::string(kSharedKeyBytesMax + 1, 'k'), "", 0), Status::bad_argument);
  EXPECT_EQ(data.set("k", std::string(kSharedValueBytesMax + 1, 'v'), 0), Status::bad_argument);
  const std::string large(kSharedValueBytesMax, 'v');
  constexpr std::size_t kKey = 2;
  constexpr std::size_t kMost = kSharedBytesMax / kSharedValueBytesMax - 1;
  for (std::size_t i = 0; i < kMost; ++i)
    ASSERT_EQ(data.set(std::to_string(10 + i), large, 0), Status::ok);
  const std::string rest(kSharedValueBytesMax - (kMost + 1) * kKey, 'v');
  ASSERT_EQ(data.set("rr", rest, 0), Status::ok);
  EXPECT_EQ(data.set("more", "v", 0), Status::internal_failure);
  EXPECT_EQ(data.set("m", "", 0), Status::internal_failure) << "keys count";
  EXPECT_EQ(data.set("10", large, 0), Status::ok) << "what is replaced takes no room";
  EXPECT_EQ(data.set("rr", rest + "v", 0), Status::internal_failure);
  EXPECT_EQ(data.set("10", "", 0), Status::ok) << "less is always possible";
  EXPECT_EQ(data.set("more", "v", 0), Status::ok);
}

// Threads read one large value all the time, so that there is no moment without a reader.
TEST(ProxyWasmSharedData, ReplacedValuesHaveABoundAndGo) {
  SharedData data;
  const std::string large(kSharedValueBytesMax, 'v');
  ASSERT_EQ(data.set("k", large, 0), Status::ok);
  std::atomic<bool> over = false;
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < kThreads; ++i) {
      readers.emplace_back([&] {
        while (!over) EXPECT_EQ(data.get("k")->bytes.size(), large.size());
      });
    }
    // More than the bound altogether: so most of them have been freed meanwhile.
    for (std::size_t set = 0; set < 4 * kSharedReplacedBytesMax / kSharedValueBytesMax;) {
      if (data.set("k", large, 0) == Status::ok) ++set;
      ASSERT_LE(data.replaced_bytes(), kSharedReplacedBytesMax);
    }
    over = true;
  }
  EXPECT_EQ(data.set("k", "", 0), Status::ok);
  EXPECT_EQ(data.replaced_bytes(), 0U) << "nobody reads any more";
  EXPECT_EQ(data.bytes(), 1U);
}

TEST(ProxyWasmSharedData, OfMoreKeysTheRestIsRefused) {
  SharedData data;
  for (std::size_t i = 0; i < kSharedKeysMax; ++i)
    ASSERT_EQ(data.set(std::to_string(i), "", 0), Status::ok);
  EXPECT_EQ(data.set("more", "", 0), Status::internal_failure);
  EXPECT_EQ(data.set("7", "v", 0), Status::ok);
}

// Each thread adds 1 so often with the number that it has read: no addition is lost.
TEST(ProxyWasmSharedData, NoChangeIsLostBetweenThreads) {
  constexpr int kAdditions = 5000;
  SharedData data;
  ASSERT_EQ(data.set("n", "0", 0), Status::ok);
  std::barrier begin(kThreads);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      begin.arrive_and_wait();
      for (int done = 0; done < kAdditions;) {
        const auto now = data.get("n");
        const std::string next = std::to_string(std::stoi(now->bytes) + 1);
        if (data.set("n", next, now->number) == Status::ok) ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(data.get("n")->bytes, std::to_string(kThreads * kAdditions));
}

// From an empty map, with all threads in step: each name has one object.
TEST(ProxyWasmAppendMap, ThreadsThatAddOneNameGetOneObject) {
  constexpr int kNames = 3000;
  AppendMap<std::atomic<int>> map(kNames);
  std::barrier step(kThreads);
  std::vector<std::thread> threads;
  std::vector<std::vector<std::atomic<int>*>> found(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int name = 0; name < kNames; ++name) {
        step.arrive_and_wait();
        found[i].push_back(map.find_or_add(std::to_string(name)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 1; i < kThreads; ++i) EXPECT_EQ(found[i], found[0]);
  int count = 0;
  map.each([&](std::string_view, const std::atomic<int>&) { ++count; });
  EXPECT_EQ(count, kNames);
  EXPECT_NE(found[0].back(), nullptr) << "the room is exactly enough";
}

TEST(ProxyWasmMetricNames, AreOfPrintableAscii) {
  EXPECT_TRUE(is_metric_name("http.requests:GET/a-b_c9"));
  EXPECT_TRUE(is_metric_name("waf.interruptions_ruleid=101;.=.;name \"x\\{}"));
  for (const char* wrong : {"", "a\n", "a\x7f", "ä"}) EXPECT_FALSE(is_metric_name(wrong));
  EXPECT_FALSE(is_metric_name(std::string(kMetricNameBytesMax + 1, 'a')));
}

}  // namespace
}  // namespace sluice::filters::proxy_wasm
