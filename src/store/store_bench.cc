// SPDX-License-Identifier: Apache-2.0
// Measures the store's share of a run of the flash sale, without a guest.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <string>

#include "loop/testing/run_to_completion.h"
#include "store/testing/test_cores.h"
#include "store/testing/test_directory.h"

namespace sluice::store {
namespace {

constexpr const char* kNs = "flash-sale/wasm";

std::vector<Entry> users(int count) {
  std::vector<Entry> entries;
  for (int i = 0; i < count; ++i)
    entries.push_back({"id/user" + std::to_string(100'000 + i), "true"});
  return entries;
}

void sell(Store& store, int count) {
  auto entries = users(count);
  for (std::size_t i = 0; i < entries.size(); i += 10'000) {
    const auto from = entries.begin() + static_cast<std::ptrdiff_t>(i);
    const auto to =
        from + static_cast<std::ptrdiff_t>(std::min<std::size_t>(10'000, entries.size() - i));
    (void)store.apply(kNs, {from, to});
  }
}

// The user has no permit, and none are left: one get, one count.
void sold_out(benchmark::State& state) {
  loop::EventLoop loop;
  const auto store = open_memory_store(1);
  (void)store->prepare(kNs);
  sell(*store, static_cast<int>(state.range(0)));
  View& view = store->view({loop, 0, 1}, kNs);
  (void)loop::run_to_completion(loop, count_many(view, "id/"));
  std::uint64_t user = 0;
  for (auto _ : state) {
    char key[32];
    const int size =
        std::snprintf(key, sizeof key, "id/late%u", static_cast<unsigned>(++user % 4096));
    Transaction transaction(view);
    benchmark::DoNotOptimize(transaction.get({key, static_cast<std::size_t>(size)}));
    benchmark::DoNotOptimize(transaction.count("id/"));
    const Commit commit = view.commit(transaction);
    benchmark::DoNotOptimize(view.is_durable(commit.version));
  }
}
BENCHMARK(sold_out)->Arg(10)->Arg(100)->Arg(1'000'000);

// Admits every user: get, count, put, commit, without waiting for the journal.
void permit(benchmark::State& state) {
  loop::EventLoop loop;
  const auto store = open_memory_store(1);
  (void)store->prepare(kNs);
  View& view = store->view({loop, 0, 1}, kNs);
  std::uint64_t user = 0;
  for (auto _ : state) {
    const std::string key = "id/user" + std::to_string(++user);
    Transaction transaction(view);
    benchmark::DoNotOptimize(transaction.get(key));
    benchmark::DoNotOptimize(transaction.count("id/"));
    transaction.put(key, "true");
    benchmark::DoNotOptimize(view.commit(transaction));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(permit);

constexpr int kUsersEach = 200;

// One user after the other.
Task<void> permit_durably(View& view, std::string prefix) {
  for (int i = 0; i < kUsersEach; ++i) {
    const std::string key = prefix + std::to_string(i);
    const Commit commit = co_await transact(view, [&](Transaction& t) -> Task<void> {
      if (!t.get(key) && t.count("id/") < 1'000'000'000) t.put(key, "true");
      co_return;
    });
    (void)co_await view.durable(commit.version, in(std::chrono::seconds(10)));
  }
}

// The same on disk. Each user is told only when the commit is durable. Each core has this many
// concurrent runs.
void permit_durable(benchmark::State& state) {
  const TestDirectory directory;
  const auto core_count = static_cast<unsigned>(state.range(0));
  TestCores cores(core_count);
  auto store = open_embedded_store(directory.path(), core_count, Logger());
  (void)(*store)->prepare(kNs);
  std::vector<View*> views;
  for (unsigned i = 0; i < core_count; ++i) {
    views.push_back(&cores.on(i, [&]() -> View& { return (*store)->view(cores.core(i), kNs); }));
  }
  int round = 0;
  for (auto _ : state) {
    std::vector<std::future<void>> streams;
    for (unsigned core = 0; core < core_count; ++core) {
      for (int stream = 0; stream < state.range(1); ++stream) {
        const std::string prefix = "id/" + std::to_string(++round) + "-";
        streams.push_back(cores.start(
            core, [view = views[core], prefix] { return permit_durably(*view, prefix); }));
      }
    }
    for (auto& stream : streams) stream.get();
  }
  state.SetItemsProcessed(state.iterations() * kUsersEach * state.range(0) * state.range(1));
}
BENCHMARK(permit_durable)
    ->Args({1, 1})
    ->Args({1, 64})
    ->Args({2, 64})
    ->Args({2, 256})
    ->UseRealTime();

// Heap per permitted user with two cores.
void memory_per_user(benchmark::State& state) {
  constexpr int kUsers = 1'000'000;
  for (auto _ : state) {
    const TestDirectory directory;
    TestCores cores(2);
    const auto store = open_embedded_store(directory.path(), 2, Logger());
    (void)(*store)->prepare(kNs);
    for (unsigned i = 0; i < 2; ++i) {
      cores.on(i, [&] { (void)(*store)->view(cores.core(i), kNs); });
    }
    const auto before = ::mallinfo2();
    sell(**store, kUsers);
    for (unsigned i = 0; i < 2; ++i) {
      View& view = cores.on(i, [&]() -> View& { return (*store)->view(cores.core(i), kNs); });
      (void)cores.await(i, [&] { return count_many(view, "id/"); });
    }
    (void)(*store)->apply(kNs, {{"last", ""}});  // wakes the journal, which frees the chain
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    const auto after = ::mallinfo2();
    const auto used = [](const auto& info) {
      return static_cast<double>(info.uordblks + info.hblkhd);
    };
    state.counters["bytes/user"] = (used(after) - used(before)) / kUsers;
  }
}
BENCHMARK(memory_per_user)->Iterations(1)->Unit(benchmark::kMillisecond);

// A million keys: from disk, then into the view of a second core.
void load_a_million(benchmark::State& state) {
  const TestDirectory directory;
  {
    const auto store = open_embedded_store(directory.path(), 1, Logger());
    sell(**store, 1'000'000);
  }
  for (auto _ : state) {
    TestCores cores(2);
    const auto store = open_embedded_store(directory.path(), 2, Logger());
    const auto begin = Clock::now();
    (void)(*store)->prepare(kNs);
    const auto loaded = Clock::now();
    View& view = cores.on(0, [&]() -> View& { return (*store)->view(cores.core(0), kNs); });
    const auto copied = Clock::now();
    (void)cores.await(0, [&] { return count_many(view, "id/"); });
    const auto counted = Clock::now();
    const auto ms = [](Clock::duration d) {
      return std::chrono::duration<double, std::milli>(d).count();
    };
    state.counters["load_ms"] = ms(loaded - begin);
    state.counters["copy_ms"] = ms(copied - loaded);
    state.counters["first_count_ms"] = ms(counted - copied);
  }
}
BENCHMARK(load_a_million)->Iterations(2)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice::store

BENCHMARK_MAIN();
