// SPDX-License-Identifier: Apache-2.0
// CpuSampler: a profile of where the threads of this process spend their CPU time.
//
// Each thread gets a timer of its own CPU time, which sends it SIGPROF. The handler notes the
// program counter and follows the frame pointers. It takes no lock and no memory.
#pragma once

#include <atomic>
#include <cstdint>
#include <ctime>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "base/time.h"

namespace sluice::observe {

struct CpuProfile {
  Duration period{};  // CPU time between two samples of a thread
  std::uint64_t samples = 0;
  std::uint64_t lost = 0;                                         // beyond the memory for samples
  std::map<std::vector<std::uintptr_t>, std::uint64_t> stacks{};  // innermost frame first -> count

  // The legacy format of `pprof`, with the mappings of this process.
  [[nodiscard]] std::string pprof() const;
};

// At most one at a time, as there is one SIGPROF. Any thread.
class CpuSampler {
 public:
  static constexpr int kSamplesPerSecond = 100;
  static constexpr std::size_t kFramesMax = 64;
  static constexpr std::size_t kWordsMax = std::size_t{4} << 20;  // 32 MiB; a sample has 1 + frames
  static constexpr std::chrono::minutes kLengthMax{10};           // then it rests until stop()

  CpuSampler() = default;
  ~CpuSampler();
  CpuSampler(const CpuSampler&) = delete;
  CpuSampler& operator=(const CpuSampler&) = delete;

  // Error `conflict`: it runs already.
  [[nodiscard]] Result<void> start();
  // Error `conflict`: it does not run.
  [[nodiscard]] Result<CpuProfile> stop();

  // On the thread of the signal. `context`: a ucontext_t.
  void take(const void* context) noexcept;

 private:
  using Words = std::vector<std::uintptr_t>;

  void watch();                               // on `watcher_`
  void add_timers() SLUICE_REQUIRES(mutex_);  // for threads without one
  void remove_timers() SLUICE_REQUIRES(mutex_);
  void await_handlers() const;  // none is in a sample

  Mutex calls_;  // held by start() and stop() throughout
  Mutex mutex_;
  Condition changed_;
  bool running_ SLUICE_GUARDED_BY(mutex_) = false;
  std::map<int, timer_t> timers_ SLUICE_GUARDED_BY(mutex_);  // by thread id
  Words words_ SLUICE_GUARDED_BY(mutex_);                    // what `room_` points to
  std::thread watcher_;

  // For the handler.
  std::atomic<std::uintptr_t*> room_ = nullptr;  // kWordsMax words; null: take nothing
  std::atomic<std::size_t> used_ = 0;
  std::atomic<std::uint64_t> lost_ = 0;
  std::atomic<int> inside_ = 0;
};

}  // namespace sluice::observe
