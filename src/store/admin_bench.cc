// SPDX-License-Identifier: Apache-2.0
// Measures how administration of a million keys affects the cores, the runs that wait for the
// journal, and memory.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <fstream>
#include <string>

#include "store/testing/test_cores.h"
#include "store/testing/test_directory.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

constexpr const char* kAdminNs = "flash-sale/wasm";
constexpr int kKeys = 1'000'000;

double milliseconds(Clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

// CPU time of this thread: other load on the machine does not count.
double cpu_milliseconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) * 1e-6;
}

double status_megabytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) return std::stod(line.substr(field.size() + 1)) / 1024;
  }
  return 0;
}

void forget_peak() { std::ofstream("/proc/self/clear_refs") << "5"; }

// On each core: the longest turn of the loop, and the longest wait of a permit.
struct Watch {
  std::atomic<bool> stop{false};
  std::atomic<double> turn_cpu{0};
  std::atomic<double> permit{0};

  static void raise(std::atomic<double>& most, double value) {
    if (value > most.load()) most.store(value);  // a lost race costs a sample
  }
  Task<void> turns(loop::EventLoop& loop) {
    while (!stop) {
      const double begin = cpu_milliseconds();
      co_await loop.yield();
      raise(turn_cpu, cpu_milliseconds() - begin);
      co_await loop.sleep_for(200us);
    }
  }
  Task<void> permits(View& view, std::string prefix, loop::EventLoop& loop) {
    for (int user = 0; !stop; ++user) {
      const TimePoint begin = Clock::now();
      const double cpu = cpu_milliseconds();
      const std::string key = prefix + std::to_string(user);
      const Commit commit = co_await transact(view, [&](Transaction& t) -> Task<void> {
        if (!t.get(key) && t.count("id/") < 1'000'000'000) t.put(key, "true");
        co_return;
      });
      raise(turn_cpu, cpu_milliseconds() - cpu);
      (void)co_await view.durable(commit.version, in(30s));
      raise(permit, milliseconds(Clock::now() - begin));
      co_await loop.sleep_for(1ms);
    }
  }
};

class Bench {
 public:
  explicit Bench(benchmark::State& state) : state_(state) {
    store_ = std::move(*open_embedded_store(directory_.path(), 2, Logger()));
    (void)store_->prepare(kAdminNs);
    for (unsigned i = 0; i < 2; ++i) {
      views_.push_back(
          &cores_.on(i, [&]() -> View& { return store_->view(cores_.core(i), kAdminNs); }));
      (void)cores_.await(i, [&] { return count_many(*views_[i], "id/"); });
    }
  }
  Store& store() { return *store_; }
  std::uint64_t count(unsigned core, const std::string& prefix) {
    return cores_.await(core, [&] { return count_many(*views_[core], prefix); });
  }

  template <class Work>
  void measure(const std::string& name, Work work) {
    forget_peak();
    Watch watch;
    std::vector<std::future<void>> watchers;
    for (unsigned i = 0; i < 2; ++i) {
      watchers.push_back(cores_.start(i, [&, i] { return watch.turns(cores_.loop(i)); }));
      const std::string prefix = "id/" + name + std::to_string(i) + "-";
      watchers.push_back(cores_.start(
          i, [&, i, prefix] { return watch.permits(*views_[i], prefix, cores_.loop(i)); }));
    }
    const TimePoint begin = Clock::now();
    work();
    const double took = milliseconds(Clock::now() - begin);
    std::this_thread::sleep_for(3s);  // the medium's remaining work
    watch.stop = true;
    for (auto& watcher : watchers) watcher.get();
    std::printf(
        "%-16s %8.0f ms  longest turn %6.2f ms of CPU  longest permit %6.1f ms  RSS %4.0f MB, "
        "peak %4.0f MB\n",
        name.c_str(), took, watch.turn_cpu.load(), watch.permit.load(), status_megabytes("VmRSS:"),
        status_megabytes("VmHWM:"));
    std::fflush(stdout);
    state_.counters[name + "_turn"] = watch.turn_cpu.load();
  }

  void import(std::string_view value) {
    const auto import = store_->begin_import(kAdminNs);
    for (int i = 0; i < kKeys; ++i) {
      (void)(*import)->add("id/user" + std::to_string(1'000'000 + i), value);
    }
    if (const auto done = (*import)->commit(); !done)
      state_.SkipWithError(done.error().message.c_str());
  }

 private:
  benchmark::State& state_;
  TestDirectory directory_;
  TestCores cores_{2};
  std::unique_ptr<Store> store_;
  std::vector<View*> views_;
};

void administration(benchmark::State& state) {
  for (auto _ : state) {
    Bench bench(state);
    bench.measure("nothing", [] {});
    bench.measure("import", [&] { bench.import("true"); });
    bench.measure("first-count", [&] { (void)bench.count(0, "id/user1"); });
    bench.measure("import-over", [&] { bench.import("again"); });
    bench.measure("list", [&] {
      (void)bench.store().scan(kAdminNs, "",
                               [](std::string_view, std::string_view) { return true; });
    });
    bench.measure("delete-prefix", [&] { (void)bench.store().erase_all(kAdminNs, "id/user11"); });
    bench.measure("delete-all", [&] { (void)bench.store().erase_all(kAdminNs, ""); });
  }
}
BENCHMARK(administration)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice::store
