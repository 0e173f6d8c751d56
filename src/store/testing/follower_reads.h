// SPDX-License-Identifier: Apache-2.0
// For tests: reads on a member that need not own the namespace, as filters make them, and a history
// of such reads.
#pragma once

#include <atomic>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "store/chain_view.h"
#include "store/testing/history.h"
#include "store/testing/player.h"

namespace sluice::store {

// The rules of a read. A canary (a subclass) breaks one of them.
class ReadRules {
 public:
  virtual ~ReadRules() = default;
  // The request has arrived.
  virtual View::Moment moment(View& view) { return view.moment(); }
  virtual Task<Result<void>> confirmed(View& view, View::Moment& moment, Version version,
                                       TimePoint deadline) {
    return view.confirmed(moment, version, deadline);
  }
};

// Runs `body`, which only reads, until its reads may be told. Returns the version.
inline Task<Result<Version>> read_confirmed(View& view, ReadRules& rules,
                                            std::function<Task<void>(Transaction&)> body,
                                            TimePoint deadline) {
  View::Moment moment = rules.moment(view);
  Transaction transaction(view);
  while (Clock::now() < deadline) {
    co_await body(transaction);
    const Commit commit = view.commit(transaction);
    Result<void> told;
    if (commit.status == CommitStatus::committed) {
      told = co_await view.durable(commit.version, deadline);
      if (told) told = co_await rules.confirmed(view, moment, commit.version, deadline);
      if (told) co_return commit.version;
      if (told.error().kind == ErrorKind::lost) moment = rules.moment(view);
      const bool again =
          told.error().kind == ErrorKind::lost || told.error().kind == ErrorKind::conflict;
      if (!again) co_return std::unexpected(told.error());
    } else if (commit.status == CommitStatus::uncounted) {
      (void)co_await view.counted(deadline);
    } else if (commit.status == CommitStatus::not_owner) {
      (void)co_await view.owner_news(view.owner(), in(std::chrono::milliseconds(10)));
      moment = rules.moment(view);
    }
    transaction.restart();
  }
  co_return fail(ErrorKind::timed_out, "the read was never confirmed");
}

// The value, "absent", or the message of the error.
inline Task<std::string> told_value(View& view, std::string key) {
  ReadRules rules;
  std::string seen;
  const auto body = [&](Transaction& t) -> Task<void> {
    const auto value = t.get(key);
    seen = value ? std::string(*value) : "absent";
    co_return;
  };
  const auto told = co_await read_confirmed(view, rules, body, in(std::chrono::seconds(20)));
  co_return told ? seen : told.error().message;
}

// Streams of random reads on every core of a store.
class Readers {
 public:
  using MakeRules = std::function<std::unique_ptr<ReadRules>()>;
  Readers(TestCores& cores, Store& store, Recorder& recorder, HistoryClock& clock)
      : cores_(cores), store_(store), recorder_(recorder), clock_(clock) {}

  // Reads until stop_after().
  void start(
      unsigned seed, MakeRules make_rules = [] { return std::make_unique<ReadRules>(); }) {
    for (unsigned core = 0; core < cores_.count(); ++core) {
      View& view =
          cores_.on(core, [&]() -> View& { return store_.view(cores_.core(core), Player::kNs); });
      for (unsigned i = 0; i < kStreams; ++i) {
        const unsigned number = seed + core * kStreams + i;
        streams_.push_back(cores_.start(core, [this, core, number, make_rules, &view] {
          return stream(cores_.loop(core), view, make_rules(), number);
        }));
      }
    }
  }
  // Stops when so many were told on a view that follows.
  void stop_after(int followed) {
    const TimePoint end = in(std::chrono::seconds(60));
    while (followed_ < followed && Clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    stop_ = true;
    for (auto& stream : streams_) stream.get();
    streams_.clear();
  }
  [[nodiscard]] int told() const { return told_; }
  // Of these, on a view that did not own the namespace.
  [[nodiscard]] int followed() const { return followed_; }

 private:
  static constexpr unsigned kStreams = 3;

  Task<void> stream(loop::EventLoop& loop, View& view, std::unique_ptr<ReadRules> rules,
                    unsigned number) {
    std::mt19937 random(number);
    Access access(view);
    while (!stop_) {
      Program program;
      do program = random_program(random);
      while (writes(program));
      RunRecord run;
      run.begin = clock_.now();
      const auto body = [&](Transaction& t) {
        run.steps = program;
        return execute(access, t, run.steps, loop);
      };
      const auto read = co_await read_confirmed(view, *rules, body, in(std::chrono::seconds(20)));
      if (!read) continue;
      run.version = static_cast<ChainView&>(view).position(*read);
      run.end = clock_.now();
      recorder_.told(number, run);
      ++told_;
      if (view.follows()) ++followed_;
      if (random() % 4 == 0) co_await loop.sleep_for(std::chrono::milliseconds(1));
    }
  }

  TestCores& cores_;
  Store& store_;
  Recorder& recorder_;
  HistoryClock& clock_;
  std::vector<std::future<void>> streams_;
  std::atomic<bool> stop_ = false;
  std::atomic<int> told_ = 0;
  std::atomic<int> followed_ = 0;
};

}  // namespace sluice::store
