// SPDX-License-Identifier: Apache-2.0
// Random programs on all cores at once, checked against the serial history that the versions say:
// replayed in that order, every run must read the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "store/test_cores.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

struct Step {
  enum Kind { get, count, put, erase, add, pause, clear } kind;
  std::string key;    // or prefix
  std::string value;  // what was read or written; "absent" for a get of nothing
};

struct Done {
  Version version = 0;
  bool wrote = false;
  std::vector<Step> steps;
};

class Model {
 public:
  void replay(const Done& done) {
    auto copy = entries_;
    for (const Step& step : done.steps) {
      switch (step.kind) {
        case Step::get:
        case Step::add:
        case Step::count:
          EXPECT_EQ(step.value, expect(copy, step));
          break;
        case Step::put:
          copy[step.key] = step.value;
          break;
        case Step::erase:
          copy.erase(step.key);
          break;
        case Step::clear:
          std::erase_if(copy, [&](const auto& entry) { return entry.first.starts_with(step.key); });
          break;
        case Step::pause:
          break;
      }
    }
    if (done.wrote) entries_ = std::move(copy);
  }
  [[nodiscard]] const std::map<std::string, std::string>& entries() const { return entries_; }

 private:
  static std::string expect(std::map<std::string, std::string>& entries, const Step& step) {
    if (step.kind == Step::count) {
      return std::to_string(std::ranges::count_if(
          entries, [&](const auto& entry) { return entry.first.starts_with(step.key); }));
    }
    const auto found = entries.find(step.key);
    const std::string value = found == entries.end() ? "absent" : found->second;
    if (step.kind == Step::add) {
      const std::string sum = std::to_string((value == "absent" ? 0 : std::stoi(value)) + 1);
      return entries[step.key] = sum;
    }
    return value;
  }
  std::map<std::string, std::string> entries_;
};

// A fixed number of keys, so that runs meet; values are numbers.
std::vector<Step> random_program(std::mt19937& random) {
  std::vector<Step> steps(1 + random() % 6);
  const bool read_only = random() % 3 == 0;
  for (Step& step : steps) {
    step.kind = static_cast<Step::Kind>(random() % (read_only ? 2 : 6));
    if (read_only && random() % 4 == 0) step.kind = Step::pause;
    if (step.kind == Step::count) {
      step.key = std::string("kl").substr(0, random() % 2) + (random() % 2 == 0 ? "" : "l");
    } else {
      step.key = (random() % 2 == 0 ? "k" : "l") + std::to_string(random() % 6);
    }
    step.value = std::to_string(random() % 1000);
  }
  return steps;
}

Task<void> execute(Transaction& t, std::vector<Step>& steps, loop::EventLoop& loop) {
  for (Step& step : steps) {
    switch (step.kind) {
      case Step::get:
        step.value = std::string(t.get(step.key).value_or("absent"));
        break;
      case Step::count:
        step.value = std::to_string(t.count(step.key));
        break;
      case Step::put:
        t.put(step.key, step.value);
        break;
      case Step::erase:
        t.erase(step.key);
        break;
      case Step::add: {
        const auto old = t.get(step.key);
        step.value = std::to_string((old ? std::stoi(std::string(*old)) : 0) + 1);
        t.put(step.key, step.value);
        break;
      }
      case Step::pause:
        co_await loop.yield();
        break;
      case Step::clear:
        break;  // administration only
    }
  }
}

class ModelTest : public testing::TestWithParam<unsigned> {
 protected:
  static constexpr int kPrograms = 400;
  static constexpr int kStreams = 4;  // that take turns on each core

  Task<void> stream(unsigned core, View& view, unsigned seed) {
    std::mt19937 random(seed);
    for (int i = 0; i < kPrograms; ++i) {
      Done done;
      const auto program = random_program(random);
      const Commit commit = co_await transact(view, [&](Transaction& t) {
        done.steps = program;
        return execute(t, done.steps, cores.loop(core));
      });
      EXPECT_EQ(commit.status, CommitStatus::committed);
      done.version = commit.version;
      done.wrote = std::ranges::any_of(done.steps, [](const Step& step) {
        return step.kind == Step::put || step.kind == Step::erase || step.kind == Step::add;
      });
      if (random() % 8 == 0) {
        EXPECT_TRUE(co_await view.durable(commit.version, in(60s)));
      }
      const std::lock_guard lock(mutex);
      history.push_back(std::move(done));
    }
  }

  // Bulk changes. Which versions they have is not told: those that no run has.
  void administrate(Store& store, unsigned seed) {
    std::mt19937 random(seed);
    for (int i = 0; i < kBulks; ++i) {
      Done done;
      done.wrote = true;
      if (random() % 3 == 0) {
        done.steps.push_back({Step::clear, std::string("kl").substr(random() % 3, 1), ""});
        EXPECT_TRUE(store.erase_all("m/m", done.steps.back().key));
      } else {
        const auto import = store.begin_import("m/m");
        for (unsigned n = 2 + random() % 8; n > 0; --n) {
          const std::string key = (random() % 2 == 0 ? "k" : "l") + std::to_string(random() % 6);
          done.steps.push_back({Step::put, key, std::to_string(random() % 1000)});
          EXPECT_TRUE((*import)->add(key, done.steps.back().value));
        }
        EXPECT_TRUE((*import)->commit());
      }
      bulks.push_back(std::move(done));
    }
  }

  static constexpr int kBulks = 60;
  TestCores cores{3};
  std::vector<Done> bulks;  // in their order
  std::mutex mutex;
  std::vector<Done> history;
};

TEST_P(ModelTest, EveryRunFitsTheSerialHistory) {
  Limits limits;
  limits.keys_counted_at_once = 2;
  limits.bulk_entries_min = 4;
  const auto store = open_memory_store(cores.count(), limits);
  ASSERT_TRUE(store->prepare("m/m"));
  std::vector<std::future<void>> streams;
  for (unsigned core = 0; core < cores.count(); ++core) {
    View& view = cores.on(core, [&]() -> View& { return store->view(cores.core(core), "m/m"); });
    for (unsigned i = 0; i < kStreams; ++i) {
      const unsigned seed = GetParam() * 100 + core * 10 + i;
      streams.push_back(
          cores.start(core, [this, core, &view, seed] { return stream(core, view, seed); }));
    }
  }
  administrate(*store, GetParam());
  for (auto& stream : streams) stream.get();

  // The versions that no run has are those of the bulk changes, in their order.
  std::set<Version> taken;
  for (const Done& done : history) {
    if (done.wrote) taken.insert(done.version);
  }
  Version free = 0;
  for (Done& bulk : bulks) {
    do ++free;
    while (taken.contains(free));
    bulk.version = free;
    history.push_back(std::move(bulk));
  }
  // A run that only read stands behind the write whose version it depends on.
  std::ranges::stable_sort(history, [](const Done& a, const Done& b) {
    return std::pair(a.version, !a.wrote) < std::pair(b.version, !b.wrote);
  });
  Model model;
  Version version = 0;
  for (const Done& done : history) {
    if (done.wrote) {
      EXPECT_EQ(done.version, ++version);
    }
    model.replay(done);
    if (HasFailure()) break;
  }
  const auto page = store->list("m/m", "", "", 1000);
  ASSERT_TRUE(page);
  std::map<std::string, std::string> listed;
  for (const Entry& entry : page->entries) listed[entry.key] = entry.value;
  EXPECT_EQ(listed, model.entries());
}

INSTANTIATE_TEST_SUITE_P(Seeds, ModelTest, testing::Range(1U, 6U));

// What one core was told to be durable, a run that begins later on another sees.
TEST(Model, WhatIsToldIsSeen) {
  TestCores cores{2};
  const auto store = open_memory_store(2);
  ASSERT_TRUE(store->prepare("m/m"));
  std::vector<View*> views;
  for (unsigned i = 0; i < 2; ++i) {
    views.push_back(&cores.on(i, [&]() -> View& { return store->view(cores.core(i), "m/m"); }));
  }
  for (int i = 0; i < 500; ++i) {
    const unsigned teller = static_cast<unsigned>(i % 2);
    const std::string value = std::to_string(i);
    ASSERT_TRUE(cores.await(teller, [&] {
      return [](View& view, std::string text) -> Task<bool> {
        const Commit commit = put(view, "k", text);
        co_return (co_await view.durable(commit.version, in(60s))).has_value();
      }(*views[teller], value);
    }));
    cores.on(1 - teller, [&] {
      Transaction t(*views[1 - teller]);
      EXPECT_EQ(t.get("k"), value);
      EXPECT_TRUE(views[1 - teller]->is_durable(views[1 - teller]->commit(t).version));
    });
  }
}

}  // namespace
}  // namespace sluice::store
