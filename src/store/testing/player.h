// SPDX-License-Identifier: Apache-2.0
// For tests: plays random programs on every core of a store at once.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "store/testing/history.h"

namespace sluice::store {

// Records the history. On the cores' threads.
class Recorder {
 public:
  virtual ~Recorder() = default;
  // A run is about to be committed. Called again after each conflict.
  virtual void attempt(unsigned /*stream*/, const RunRecord& /*run*/) {}
  // Administration is about to make a change. Invariant: the next change follows after this one is
  // told.
  virtual void attempt_change(const RunRecord& /*run*/) {}
  virtual void committed(unsigned stream, const RunRecord& run) = 0;
  virtual void told(unsigned stream, const RunRecord& run) = 0;
  // A finished administrative change; its version is unknown.
  virtual void changed(const RunRecord& run) = 0;
};

class HistoryInMemory final : public Recorder {
 public:
  void committed(unsigned /*stream*/, const RunRecord& run) override {
    const MutexLock lock(mutex_);
    runs_.push_back(run);
  }
  void told(unsigned /*stream*/, const RunRecord& /*run*/) override {}
  void changed(const RunRecord& run) override { committed(0, run); }
  [[nodiscard]] std::vector<RunRecord> take() {
    const MutexLock lock(mutex_);
    return std::exchange(runs_, {});
  }

 private:
  Mutex mutex_;
  std::vector<RunRecord> runs_ SLUICE_GUARDED_BY(mutex_);
};

using MakeAccess = std::function<std::unique_ptr<Access>(View&)>;

inline std::unique_ptr<Access> honest_access(View& view) { return std::make_unique<Access>(view); }

// The work of the streams, which share their core.
struct Score {
  unsigned seed = 0;
  unsigned streams_per_core = 4;
  unsigned programs_per_stream = 300;
  unsigned one_in_waits = 8;  // one run in this many waits for its durability
  unsigned changes = 0;       // concurrent administrative changes
  // A run ends when it is told: another member may not see it before.
  bool ends_when_told = false;
};

class Player {
 public:
  static constexpr const char* kNs = "m/m";

  Player(TestCores& cores, Store& store, Recorder& recorder)
      : cores_(cores), store_(store), recorder_(recorder) {}

  // Returns when all programs have run.
  void play(const Score& score, const MakeAccess& make_access = honest_access) {
    std::vector<std::future<void>> streams;
    for (unsigned core = 0; core < cores_.count(); ++core) {
      View& view = cores_.on(core, [&]() -> View& { return store_.view(cores_.core(core), kNs); });
      for (unsigned i = 0; i < score.streams_per_core; ++i) {
        const unsigned number = core * score.streams_per_core + i;
        streams.push_back(cores_.start(core, [this, core, number, score, make_access, &view] {
          return stream(cores_.loop(core), view, make_access(view), number, score);
        }));
      }
    }
    administrate(score);
    for (auto& stream : streams) stream.get();
  }

  [[nodiscard]] HistoryClock& clock() { return clock_; }

 private:
  void administrate(const Score& score) {
    std::mt19937 random(score.seed);
    for (unsigned i = 0; i < score.changes; ++i) {
      RunRecord run;
      run.steps = random_change(random);
      run.begin = clock_.now();
      recorder_.attempt_change(run);
      if (!change(run.steps)) continue;
      run.end = clock_.now();
      recorder_.changed(run);
    }
  }
  [[nodiscard]] bool change(const Program& steps) {
    if (steps.front().kind == Step::clear) {
      return store_.erase_all(kNs, steps.front().key).has_value();
    }
    std::vector<Entry> entries;
    for (const Step& step : steps) entries.push_back({step.key, step.value});
    return store_.apply(kNs, std::move(entries)).has_value();
  }

  Task<void> stream(loop::EventLoop& loop, View& view, std::unique_ptr<Access> access,
                    unsigned number, Score score) {
    std::mt19937 random(score.seed * 1000 + number);
    for (unsigned i = 0; i < score.programs_per_stream; ++i) {
      const Program program = random_program(random);
      RunRecord run;
      const Commit commit = co_await transact(
          view,
          [&](Transaction& t) {
            run.begin = clock_.now();
            run.steps = program;
            return execute(*access, t, run.steps, loop);
          },
          [&](Transaction& t) {
            recorder_.attempt(number, run);
            return access->commit(t);
          });
      run.end = clock_.now();
      run.version = access->position(commit.version);
      if (commit.status != CommitStatus::committed) continue;
      recorder_.committed(number, run);
      if (random() % score.one_in_waits != 0) continue;
      const bool durable = co_await access->durable(commit.version);
      if (score.ends_when_told) run.end = clock_.now();
      if (durable) recorder_.told(number, run);
    }
  }

  TestCores& cores_;
  Store& store_;
  Recorder& recorder_;
  HistoryClock clock_;
};

}  // namespace sluice::store
