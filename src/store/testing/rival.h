// SPDX-License-Identifier: Apache-2.0
// For tests: a history of two processes. The Rival plays the second one: it takes the namespace
// from the store under test at random, changes it, and gives it back.
#pragma once

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "store/chain_view.h"
#include "store/testing/checker.h"
#include "store/testing/contest.h"
#include "store/testing/player.h"

namespace sluice::store {

// Keeps the runs that were told. Commits may be lost, so they do not count.
class ToldHistory final : public Recorder {
 public:
  void committed(unsigned /*stream*/, const RunRecord& /*run*/) override {}
  void told(unsigned /*stream*/, const RunRecord& run) override {
    const MutexLock lock(mutex_);
    runs_.push_back(run);
  }
  void changed(const RunRecord& run) override { told(0, run); }
  [[nodiscard]] std::vector<RunRecord> take() {
    const MutexLock lock(mutex_);
    return std::exchange(runs_, {});
  }

 private:
  Mutex mutex_;
  std::vector<RunRecord> runs_ SLUICE_GUARDED_BY(mutex_);
};

// The access of runs that may lose the ownership after they have read.
class OwnerAccess : public Access {
 public:
  // The number of runs of a test, by their ends.
  struct Tally {
    std::atomic<int> lost = 0;
    std::atomic<int> told = 0;
  };
  OwnerAccess(View& view, Tally& tally) : Access(view), tally_(tally) {}

  void begin(bool read_only) override {
    read_only_ = read_only;
    moment_ = view_.moment();
  }
  Task<bool> durable(Version version) override {
    const TimePoint deadline = in(std::chrono::seconds(60));
    auto told = co_await view_.durable(version, deadline);
    if (told && read_only_) told = co_await view_.confirmed(moment_, version, deadline);
    if (!told && told.error().kind == ErrorKind::lost) ++tally_.lost;
    if (told) ++tally_.told;
    co_return told.has_value();
  }
  Version position(Version version) override {
    return static_cast<ChainView&>(view_).position(version);
  }

 protected:
  Tally& tally_;
  View::Moment moment_;
  bool read_only_ = false;
};

// Performs the steps, and records in them the values read.
inline void perform(Program& steps, Entries& entries) {
  for (Step& step : steps) {
    const auto found = entries.find(step.key);
    const std::string value = found == entries.end() ? kAbsent : found->second;
    if (step.kind == Step::get) step.value = value;
    if (step.kind == Step::put) entries[step.key] = step.value;
    if (step.kind == Step::erase) entries.erase(step.key);
    if (step.kind == Step::count) {
      step.value = std::to_string(std::ranges::count_if(
          entries, [&](const auto& entry) { return entry.first.starts_with(step.key); }));
    }
    if (step.kind == Step::add) {
      step.value = std::to_string((value == kAbsent ? 0 : std::stoi(value)) + 1);
      entries[step.key] = step.value;
    }
  }
}

class Rival {
 public:
  struct Pace {
    Duration pause_max = std::chrono::microseconds(1'500);
    Duration whole{};  // the least time that the store owns the namespace
  };
  Rival(Contest& contest, HistoryClock& clock, Recorder& recorder, unsigned seed, Pace pace)
      : contest_(contest), clock_(clock), recorder_(recorder), pace_(pace), random_(seed) {
    thread_ = std::thread([this] { run(); });
  }
  ~Rival() {
    stop_ = true;
    thread_.join();
  }
  Rival(const Rival&) = delete;
  Rival& operator=(const Rival&) = delete;

 private:
  void run() {
    while (!stop_) {
      std::this_thread::sleep_for(pace_.whole);
      pause();
      const bool silent = random_() % 2 == 0;
      contest_.take(Player::kNs, silent ? Contest::Learns::by_itself : Contest::Learns::by_news);
      for (unsigned left = random_() % 4; left > 0; --left) {
        change();
        if (random_() % 2 == 0) pause();
      }
      contest_.give(Player::kNs);
    }
  }
  void change() {
    RunRecord run;
    while (!writes(run.steps)) run.steps = random_program(random_);
    run.begin = clock_.now();
    run.version = contest_.change(Player::kNs,
                                  [&](Contest::Entries& entries) { perform(run.steps, entries); });
    run.end = clock_.now();
    recorder_.told(0, run);
  }
  void pause() { std::this_thread::sleep_for(Duration(random_() % pace_.pause_max.count())); }

  Contest& contest_;
  HistoryClock& clock_;
  Recorder& recorder_;
  const Pace pace_;
  std::mt19937 random_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace sluice::store
