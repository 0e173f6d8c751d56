// SPDX-License-Identifier: Apache-2.0
#include "observe/cpu_sampler.h"

#include <dirent.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include <csignal>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "base/text.h"

namespace sluice::observe {
namespace {

constexpr std::chrono::milliseconds kPeriod{1000 / CpuSampler::kSamplesPerSecond};
constexpr std::chrono::milliseconds kLookForThreads{200};
constexpr std::uintptr_t kPageBytes = 4096;
constexpr std::uintptr_t kFrameBytesMax = std::uintptr_t{8} << 20;  // of one frame
constexpr std::size_t kMapsBytesMax = std::size_t{16} << 20;

// An address that the kernel can read for us is one that we can read. The call changes nothing,
// because its first argument is none.
bool is_readable(std::uintptr_t address) {
  constexpr int kNoSuchWay = -1;
  return ::syscall(SYS_rt_sigprocmask, kNoSuchWay, address, nullptr, 8) == 0 || errno != EFAULT;
}

class StackWalk {
 public:
  // Notes the return addresses of the frames above `frame` from `at` to `end`. Returns the end.
  static std::uintptr_t* follow(std::uintptr_t stack, std::uintptr_t frame, std::uintptr_t* at,
                                const std::uintptr_t* end) {
    std::uintptr_t page = 0;
    std::uintptr_t below = stack;
    while (at != end && frame >= below && frame - below < kFrameBytesMax && frame % 8 == 0) {
      // Both words of a frame: an aligned pair may lie on two pages.
      for (const std::uintptr_t word : {frame, frame + 8}) {
        if (word / kPageBytes == page) continue;
        if (!is_readable(word)) return at;
        page = word / kPageBytes;
      }
      std::array<std::uintptr_t, 2> words{};
      std::memcpy(words.data(), reinterpret_cast<const void*>(frame), sizeof words);  // NOLINT
      if (words[1] < kPageBytes) return at;
      *at++ = words[1];
      below = frame + 16;
      frame = words[0];
    }
    return at;
  }
};

struct Registers {
  std::uintptr_t code = 0;
  std::uintptr_t stack = 0;
  std::uintptr_t frame = 0;
};

Registers registers_of(const void* context) {
  const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  const auto at = [&machine](int index) {
    return static_cast<std::uintptr_t>(machine.gregs[index]);
  };
  return {at(REG_RIP), at(REG_RSP), at(REG_RBP)};
#elif defined(__aarch64__)
  return {machine.pc, machine.sp, machine.regs[29]};
#else
  (void)machine;
  return {};
#endif
}

// The timer has the sampler as its value. A signal of another origin has none.
void on_sigprof(int /*signal*/, siginfo_t* info, void* context) {
  const int error = errno;
  if (info->si_code == SI_TIMER && info->si_value.sival_ptr != nullptr)
    static_cast<CpuSampler*>(info->si_value.sival_ptr)->take(context);
  errno = error;
}

Result<void> set_handler() {
  struct sigaction action = {};
  action.sa_sigaction = on_sigprof;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  if (::sigaction(SIGPROF, &action, nullptr) == 0) return {};
  return fail(ErrorKind::internal, "cannot take SIGPROF");
}

// The clock of the CPU time of a thread of this process, as the kernel numbers it.
clockid_t clock_of(int thread) {
  constexpr unsigned kOfThreadScheduled = 6;
  return static_cast<clockid_t>((~static_cast<unsigned>(thread) << 3U) | kOfThreadScheduled);
}

std::vector<int> threads_of_this_process() {
  std::vector<int> threads;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/task"), ::closedir);
  if (!folder) return threads;
  while (const dirent* entry = ::readdir(folder.get())) {  // NOLINT(concurrency-mt-unsafe)
    if (const auto thread = to_number<int>(entry->d_name)) threads.push_back(*thread);
  }
  return threads;
}

void append_word(std::string& out, std::uint64_t word) {
  std::array<char, sizeof word> bytes{};
  std::memcpy(bytes.data(), &word, sizeof word);
  out.append(bytes.data(), bytes.size());
}

}  // namespace

CpuSampler::~CpuSampler() {
  (void)stop();
  // Drops the signals that were sent before the timers were removed.
  std::signal(SIGPROF, SIG_IGN);
}

void CpuSampler::take(const void* context) noexcept {
  inside_.fetch_add(1);
  if (std::uintptr_t* room = room_.load(); room != nullptr) {
    const Registers registers = registers_of(context);
    std::array<std::uintptr_t, kFramesMax> frames{};
    frames[0] = registers.code;
    const std::uintptr_t* end = StackWalk::follow(registers.stack, registers.frame,
                                                  frames.data() + 1, frames.data() + kFramesMax);
    const auto count = static_cast<std::size_t>(end - frames.data());
    std::size_t at = used_.load(std::memory_order_relaxed);
    while (at + count + 1 <= kWordsMax && !used_.compare_exchange_weak(at, at + count + 1)) {
    }
    if (at + count + 1 > kWordsMax) {
      lost_.fetch_add(1, std::memory_order_relaxed);
    } else {
      room[at] = count;
      std::memcpy(room + at + 1, frames.data(), count * sizeof(std::uintptr_t));
    }
  }
  inside_.fetch_sub(1);
}

Result<void> CpuSampler::start() {
  const ExclusiveLock call(calls_);
  const ExclusiveLock lock(mutex_);
  if (running_) return fail(ErrorKind::conflict, "a CPU profile is being taken already");
  SLUICE_CHECK(set_handler());
  words_.resize(kWordsMax);
  used_ = 0;
  lost_ = 0;
  room_ = words_.data();
  running_ = true;
  add_timers();
  watcher_ = std::thread([this] { watch(); });
  return {};
}

void CpuSampler::watch() {
  const ExclusiveLock lock(mutex_);
  const TimePoint end = Clock::now() + kLengthMax;
  while (running_ && Clock::now() < end) {
    (void)changed_.wait_until(mutex_, Clock::now() + kLookForThreads);
    if (running_) add_timers();
  }
  remove_timers();
}

void CpuSampler::add_timers() {
  const std::vector<int> threads = threads_of_this_process();
  std::erase_if(timers_, [&threads](const auto& entry) {
    const bool ended = std::ranges::find(threads, entry.first) == threads.end();
    if (ended) ::timer_delete(entry.second);
    return ended;
  });
  for (const int thread : threads) {
    if (timers_.contains(thread)) continue;
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGPROF;
    event.sigev_value.sival_ptr = this;
    event._sigev_un._tid = thread;
    timer_t timer{};
    if (::timer_create(clock_of(thread), &event, &timer) != 0) continue;  // it has ended
    timers_.emplace(thread, timer);
    const itimerspec pace{.it_interval = {.tv_sec = 0, .tv_nsec = kPeriod.count() * 1'000'000},
                          .it_value = {.tv_sec = 0, .tv_nsec = kPeriod.count() * 1'000'000}};
    ::timer_settime(timer, 0, &pace, nullptr);
  }
}

void CpuSampler::remove_timers() {
  for (const auto& [thread, timer] : timers_) ::timer_delete(timer);
  timers_.clear();
}

void CpuSampler::await_handlers() const {
  while (inside_.load() != 0) std::this_thread::yield();
}

Result<CpuProfile> CpuSampler::stop() {
  const ExclusiveLock call(calls_);
  Words words;
  {
    const ExclusiveLock lock(mutex_);
    if (!running_) return fail(ErrorKind::conflict, "no CPU profile is being taken");
    running_ = false;
    remove_timers();
    room_ = nullptr;
    await_handlers();
    words.swap(words_);
  }
  changed_.notify_all();
  watcher_.join();
  CpuProfile profile{.period = kPeriod, .lost = lost_};
  for (std::size_t at = 0; at < used_;) {
    const std::size_t count = words[at];
    const auto* frames = words.data() + at + 1;
    ++profile.stacks[{frames, frames + count}];
    ++profile.samples;
    at += count + 1;
  }
  return profile;
}

std::string CpuProfile::pprof() const {
  std::string out;
  const auto period_us = std::chrono::duration_cast<std::chrono::microseconds>(period).count();
  for (const std::uint64_t word : {std::uint64_t{0}, std::uint64_t{3}, std::uint64_t{0},
                                   static_cast<std::uint64_t>(period_us), std::uint64_t{0}})
    append_word(out, word);
  for (const auto& [stack, count] : stacks) {
    append_word(out, count);
    append_word(out, stack.size());
    for (const std::uintptr_t frame : stack) append_word(out, frame);
  }
  for (const std::uint64_t word : {0, 1, 0}) append_word(out, word);
  if (const auto maps = read_file("/proc/self/maps", kMapsBytesMax)) out += *maps;
  return out;
}

}  // namespace sluice::observe
