// SPDX-License-Identifier: Apache-2.0
#include "observe/cpu_sampler.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <time.h>

#include <cstring>
#include <thread>

namespace sluice::observe {
namespace {

std::int64_t cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

// Takes CPU time below two frames of its own.
__attribute__((noinline)) std::uint64_t burn_inside(std::int64_t ms) {
  volatile std::uint64_t sum = 0;
  for (const std::int64_t end = cpu_ms() + ms; cpu_ms() < end;) {
    for (int i = 0; i < 1000; ++i) sum = sum + static_cast<std::uint64_t>(i);
  }
  return sum;
}
__attribute__((noinline)) std::uint64_t burn(std::int64_t ms) {
  return burn_inside(ms) + 1;  // no tail call: the frame stays
}

CpuProfile profile_of(const auto& work) {
  CpuSampler sampler;
  EXPECT_TRUE(sampler.start());
  work();
  auto profile = sampler.stop();
  EXPECT_TRUE(profile);
  return profile.value_or(CpuProfile{});
}

bool holds_frame_of(const CpuProfile& profile, std::uint64_t (*function)(std::int64_t)) {
  constexpr std::uintptr_t kFunctionBytesMax = 1024;
  const auto begin = reinterpret_cast<std::uintptr_t>(function);  // NOLINT
  for (const auto& [stack, count] : profile.stacks) {
    for (const std::uintptr_t frame : stack) {
      if (frame >= begin && frame < begin + kFunctionBytesMax) return true;
    }
  }
  return false;
}

TEST(CpuSampler, SeesWhereTheTimeGoes) {
  const CpuProfile profile = profile_of([] { burn(500); });
  EXPECT_GT(profile.samples, 10U) << "50 are due";
  EXPECT_EQ(profile.lost, 0U);
  EXPECT_TRUE(holds_frame_of(profile, burn)) << "by way of the frame pointers";
}

TEST(CpuSampler, SeesAThreadThatBeginsLater) {
  const CpuProfile profile = profile_of([] {
    std::thread([] {
      pthread_setname_np(pthread_self(), "late");
      burn(2000);  // a look for new threads comes after 200 ms
    }).join();
  });
  EXPECT_TRUE(holds_frame_of(profile, burn));
}

TEST(CpuSampler, OneAtATime) {
  CpuSampler sampler;
  EXPECT_EQ(sampler.stop().error().kind, ErrorKind::conflict);
  ASSERT_TRUE(sampler.start());
  EXPECT_EQ(sampler.start().error().kind, ErrorKind::conflict);
  ASSERT_TRUE(sampler.stop());
  EXPECT_EQ(sampler.stop().error().kind, ErrorKind::conflict);
  ASSERT_TRUE(sampler.start()) << "again";
  burn(100);
  ASSERT_TRUE(sampler.stop());
}

TEST(CpuSampler, StopsWhileThreadsAreAtWork) {
  CpuSampler sampler;
  std::atomic<bool> done = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&done] {
      while (!done) burn(1);
    });
  }
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(sampler.start());
    burn(20);
    ASSERT_TRUE(sampler.stop());
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
}

TEST(CpuProfile, PprofsLegacyFormat) {
  CpuProfile profile{.period = std::chrono::milliseconds(10), .samples = 3};
  profile.stacks[{7, 8}] = 3;
  const std::string bytes = profile.pprof();
  std::vector<std::uint64_t> words(12);
  ASSERT_GT(bytes.size(), words.size() * 8);
  std::memcpy(words.data(), bytes.data(), words.size() * 8);
  EXPECT_EQ(words, (std::vector<std::uint64_t>{0, 3, 0, 10'000, 0, 3, 2, 7, 8, 0, 1, 0}));
  EXPECT_NE(bytes.substr(words.size() * 8).find("r-xp"), std::string::npos) << "the mappings";
}

}  // namespace
}  // namespace sluice::observe
