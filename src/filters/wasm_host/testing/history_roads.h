// SPDX-License-Identifier: Apache-2.0
// For tests: the ways between the members of one process. Messages and answers are lost and late,
// copies come again, and the questions of stores have no answer, as chance wants.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "base/text.h"
#include "filters/wasm_host/testing/history_member.h"
#include "filters/wasm_host/testing/history_plan.h"

namespace sluice::filters::testing {

// Any thread.
class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}
  bool with_chance(unsigned percent) { return below(100) < percent; }
  unsigned below(unsigned end) {
    const MutexLock lock(mutex_);
    return static_cast<unsigned>(random_()) % end;
  }
  Duration up_to(Duration max) {
    return std::chrono::microseconds(
        below(static_cast<unsigned>(max / std::chrono::microseconds(1)) + 1));
  }

 private:
  Mutex mutex_;
  std::mt19937 random_ SLUICE_GUARDED_BY(mutex_);
};

// Core-bound, but for ask(), which the threads of the stores call.
class HistoryRoads {
 public:
  using Outcome = Courier::Outcome;
  using FindMember = std::function<HistoryMember*(const std::string& address)>;  // null: it is down

  HistoryRoads(loop::EventLoop& loop, RoadFaults faults, unsigned seed, FindMember find)
      : loop_(loop), faults_(faults), dice_(seed), find_(std::move(find)) {}

  // No further fault. Copies that are late still come.
  void mend() { mended_ = true; }
  // The core: from now on, members wait for the answers of this one, which it has given.
  void hold_answers(const std::string& address) { holding_.insert(address); }
  void release_answers(const std::string& address) { holding_.erase(address); }
  // So many answers have been held.
  [[nodiscard]] int held() const { return held_; }
  // The answers of owners to questions come so much later than they were given.
  void delay_answers(Duration by) { answers_late_ = by; }
  // Copies and questions under way. Once it is 0 without members, this may be destroyed.
  [[nodiscard]] int under_way() const { return under_way_; }

  Task<Outcome> carry(std::string address, std::string message, TimePoint deadline) {
    if (happens(faults_.refused))
      co_return Outcome{fail(ErrorKind::unavailable, "connection refused"), false};
    if (happens(faults_.overtaken)) {  // it arrives, but after its sender has sent another copy
      loop_.spawn(arrive_late(address, std::move(message)));
      co_return reset();
    }
    const bool doubled = happens(faults_.doubled);
    if (doubled) {  // a machine between the members sends it again by itself
      loop_.spawn(arrive_late(address, message));
      co_await loop_.sleep_for(dice_.up_to(faults_.late_max * 10));
    }
    if (happens(faults_.late)) co_await loop_.sleep_for(dice_.up_to(faults_.late_max));
    if (happens(faults_.message_lost)) co_return reset();
    Outcome outcome = co_await deliver(address, std::move(message), deadline);
    if (holding_.contains(address)) ++held_;
    while (holding_.contains(address)) co_await loop_.sleep_for(std::chrono::milliseconds(1));
    outcome.sent = outcome.sent || doubled;
    if (happens(faults_.late)) co_await loop_.sleep_for(dice_.up_to(faults_.late_max));
    if (happens(faults_.answer_lost)) co_return reset();
    co_return outcome;
  }

  // For EtcdOptions::ask_owner.
  Task<Result<store::OwnerAnswer>> ask(const loop::Core& there, const store::Owner& owner,
                                       const std::string& ns, TimePoint deadline) {
    auto question = std::make_shared<Question>(
        owner.address, "ns=" + ns + "&" + kFenceParameter + "=" + std::to_string(owner.fence));
    if (happens(faults_.late)) {
      const Duration pause = dice_.up_to(faults_.late_max);
      co_await there.loop.sleep_for(pause);
    }
    if (!happens(faults_.unanswered)) {
      ++under_way_;
      loop_.post([this, question, deadline] { loop_.spawn(answer(question, deadline)); });
    }
    while (!question->ended && Clock::now() < deadline) {
      co_await there.loop.sleep_for(std::chrono::microseconds(200));
    }
    if (happens(faults_.late)) {
      const Duration pause = dice_.up_to(faults_.late_max);
      co_await there.loop.sleep_for(pause);
    }
    if (const Duration late = answers_late_; late > Duration()) co_await there.loop.sleep_for(late);
    if (happens(faults_.overtaken)) {  // by etcd's answer
      const Duration pause = dice_.up_to(faults_.late_max * 10);
      co_await there.loop.sleep_for(pause);
    }
    const bool answered = question->ended && question->answer.has_value();
    if (!answered) co_return fail(ErrorKind::unavailable, "no answer");
    co_return *question->answer;
  }

 private:
  struct Question {
    Question(std::string at, std::string its_query)
        : address(std::move(at)), query(std::move(its_query)) {}
    const std::string address;
    const std::string query;
    std::optional<store::OwnerAnswer> answer;  // written before `ended`
    std::atomic<bool> ended{false};
  };
  struct UnderWay {
    explicit UnderWay(std::atomic<int>& number) : count(number) {}
    ~UnderWay() { --count; }
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;
    std::atomic<int>& count;
  };

  bool happens(unsigned percent) { return !mended_ && dice_.with_chance(percent); }
  static Outcome reset() { return Outcome{fail(ErrorKind::closed, "connection reset")}; }

  // To the filter of a cluster port, as the server brings a request.
  Task<Outcome> deliver(std::string address, std::string message, TimePoint deadline) {
    HistoryMember* const member = find_(address);
    if (member == nullptr)
      co_return Outcome{fail(ErrorKind::unavailable, "connection refused"), false};
    auto exchange = member->exchange();
    http::Request& request = exchange->client_request();
    request.method = "POST";
    (void)request.set_target(kRunPath);
    request.body.assign(std::move(message));
    const auto served = member->serve(std::move(exchange), true);
    while (!served->done && !served->gone && Clock::now() < deadline) {
      (void)co_await served->news.wait(deadline);
    }
    if (!served->done) co_return reset();
    const http::Response& response = *served->exchange->response();
    if (response.status != 200) co_return Outcome{fail(ErrorKind::unavailable, "no answer")};
    co_return Outcome{std::string(response.body.bytes())};
  }
  // Delivers a copy of the message, and drops the answer.
  Task<void> arrive_late(std::string address, std::string message) {
    ++under_way_;
    const UnderWay here(under_way_);
    co_await loop_.sleep_for(dice_.up_to(faults_.late_max * 10));
    (void)co_await deliver(address, std::move(message), Clock::now() + std::chrono::seconds(1));
  }
  Task<void> answer(std::shared_ptr<Question> question, TimePoint deadline) {
    const UnderWay here(under_way_);
    if (HistoryMember* const member = find_(question->address)) {
      auto exchange = member->exchange();
      http::Request& request = exchange->client_request();
      request.method = "GET";
      (void)request.set_target(std::string(kNewestPath) + "?" + question->query);
      const auto served = member->serve(std::move(exchange), true);
      while (!served->done && !served->gone && Clock::now() < deadline) {
        (void)co_await served->news.wait(deadline);
      }
      if (served->done && served->exchange->response()->status == 200) {
        std::string_view text = served->exchange->response()->body.bytes();
        const bool sealed = text.ends_with(kSealedWord);
        if (sealed) text.remove_suffix(kSealedWord.size());
        if (const auto version = to_number<store::Version>(text))
          question->answer = store::OwnerAnswer{.version = *version, .sealed = sealed};
      }
    }
    question->ended = true;
  }

  loop::EventLoop& loop_;
  const RoadFaults faults_;
  Dice dice_;
  const FindMember find_;
  std::atomic<bool> mended_ = false;
  std::atomic<int> under_way_ = 0;
  std::atomic<int> held_ = 0;
  std::atomic<Duration> answers_late_ = Duration();
  std::set<std::string> holding_;  // of the core
};

class RoadCourier final : public Courier {
 public:
  explicit RoadCourier(HistoryRoads& roads) : roads_(roads) {}
  Task<Outcome> carry(std::string address, std::string message, TimePoint deadline) override {
    return roads_.carry(std::move(address), std::move(message), deadline);
  }

 private:
  HistoryRoads& roads_;
};

}  // namespace sluice::filters::testing
