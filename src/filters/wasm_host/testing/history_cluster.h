// SPDX-License-Identifier: Apache-2.0
// For tests: a history of three members on a real etcd, by seed. Clients send random programs to
// all of them, while Trouble makes faults. HistoryVerdict judges.
#pragma once

#include <array>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "filters/wasm_host/testing/history_plan.h"
#include "filters/wasm_host/testing/history_roads.h"
#include "filters/wasm_host/testing/history_verdict.h"

namespace sluice::filters::testing {

class HistoryCluster {
 public:
  static constexpr unsigned kMembers = 3;
  static constexpr unsigned kStreams = 12;

  // The cores outlive it.
  HistoryCluster(store::TestCores& cores, wasm::Engine& engine, const HistoryPlan& plan)
      : cores_(cores),
        loop_(cores.loop(0)),
        plan_(plan),
        options_(store::new_cluster()),
        auditor_(options_, HistoryMember::kNs),
        dice_(plan.seed),
        roads_(loop_, plan.roads, plan.seed + 1,
               [this](const std::string& address) { return running(address); }) {
    options_.read_permit = plan.permit;
    if (plan.limit > 0) raise(plan.limit);
    options_.owner_wait = std::chrono::seconds(1);  // of many faults
    const std::string code = interpreter();
    for (unsigned i = 0; i < kMembers; ++i)
      members_.push_back(std::make_unique<HistoryMember>(cores, engine, code));
  }
  ~HistoryCluster() { end(); }
  HistoryCluster(const HistoryCluster&) = delete;
  HistoryCluster& operator=(const HistoryCluster&) = delete;

  // --- The thread of the test ---

  [[nodiscard]] static std::string name_of(unsigned i) { return "m" + std::to_string(i); }
  [[nodiscard]] HistoryMember& member(unsigned i) { return *members_[i]; }
  [[nodiscard]] HistoryAuditor& auditor() { return auditor_; }
  [[nodiscard]] HistoryRoads& roads() { return roads_; }
  [[nodiscard]] Dice& dice() { return dice_; }
  [[nodiscard]] const HistoryPlan& plan() const { return plan_; }

  // "" or why not.
  std::string start(unsigned i) {
    HistoryMember::Terms terms;
    terms.medium.etcd = options_;
    terms.medium.etcd.member = terms.medium.etcd.address = name_of(i);
    terms.medium.etcd.ask_owner = [this](const loop::Core& core, const store::Owner& owner,
                                         const std::string& ns, TimePoint deadline) {
      return roads_.ask(core, owner, ns, deadline);
    };
    if (const char* const file = std::getenv("SLUICE_HISTORY_LOG"))
      terms.medium.logger = Logger::open(file + ("." + name_of(i)), true);
    terms.medium.small_bulk_max = plan_.small_bulk_max;
    terms.medium.page_keys_max = 7;
    terms.limits.bulk_entries_min = 1;  // an import is a group of its own
    if (plan_.limit > 0) {
      terms.limits.quiet_before_seal = plan_.quiet;
      terms.limit = limit_;
    }
    terms.handover.owner_wait = std::chrono::seconds(3);
    terms.handover.make_courier = [this](const loop::Core&) {
      return std::make_unique<RoadCourier>(roads_);
    };
    terms.fields = "timeout: 2s\nmaxConcurrency: 4\n";
    std::string trouble = members_[i]->start(std::move(terms));
    faults_of_all_.push_back(members_[i]->faults());
    return trouble;
  }
  std::string start_all() {
    for (unsigned i = 0; i < kMembers; ++i) {
      if (auto trouble = start(i); !trouble.empty()) return trouble;
    }
    return {};
  }
  // As with kill -9: its lease ends a little later.
  void kill(unsigned i) {
    ends_.push_back(
        std::async(std::launch::async, [store = members_[i]->kill()]() mutable { store.reset(); }));
  }
  // A transaction that a member has sent, and that has not come.
  void deliver_one() {
    for (const auto& faults : faults_of_all_) {
      for (pb::TxnRequest& txn : faults->take_late()) late_.push_back(std::move(txn));
    }
    if (late_.empty()) return;
    const unsigned which = dice_.below(static_cast<unsigned>(late_.size()));
    std::swap(late_[which], late_.back());
    const pb::TxnRequest txn = std::move(late_.back());
    late_.pop_back();
    auditor_.deliver(txn);
  }
  void deliver_all() {
    do deliver_one();
    while (!late_.empty());
  }
  // Makes the next change through the store of a member. True: the store says that it is made.
  bool change(unsigned i) {
    if (members_[i]->store() == nullptr) return false;
    // A clear comes after an import, so that it is seen in the chain.
    const bool clear = !changes_.empty() && changes_.back().number != 0 && changes_.back().end != 0;
    Change& change = changes_.emplace_back();
    change.begin = clock_.now();
    store::Store& store = *members_[i]->store();
    Result<void> done;
    if (clear) {
      change.steps.push_back({Step::clear, "k", ""});
      done = store.erase_all(HistoryMember::kNs, "k");
    } else {
      change.number = static_cast<std::int64_t>(changes_.size());
      change.all = dice_.below(2) == 0;
      done = import(store, change);
    }
    if (done) change.end = clock_.now();
    return done.has_value();
  }

  // From now on, members that begin, and those that hold_limit() tells, know of a limit of `max`.
  const store::KeyLimit& raise(std::uint64_t max) {
    raises_.push_back({max, clock_.now()});
    limit_ = {.prefix = kPermits, .max = max, .revision = limit_.revision + 1};
    return limit_;
  }
  [[nodiscard]] const store::KeyLimit& limit() const { return limit_; }

  // A program at a member. True: answered before its client leaves.
  std::future<bool> begin(unsigned which, GuestProgram program, Duration patience) {
    return cores_.start(0, [this, which, program = std::move(program), patience] {
      return run(which, program, patience);
    });
  }
  bool ask(unsigned which, GuestProgram program, Duration patience = std::chrono::seconds(10)) {
    return begin(which, std::move(program), patience).get();
  }
  // The member that owns the namespace; kMembers: none.
  unsigned owner() {
    const auto found = auditor_.range(store::range_of(auditor_.keys().owner(HistoryMember::kNs)));
    const auto record = store::member_in(found);
    unsigned i = 0;
    while (i < kMembers && (!record || record->name != name_of(i))) ++i;
    return i;
  }

  void play() {
    for (unsigned i = 0; i < kStreams; ++i)
      streams_.push_back(cores_.start(0, [this, i] { return stream(i); }));
  }
  // Ends the streams. Their last programs end within a moment, or their clients leave.
  void stop_playing() {
    stop_at_ = Clock::now() + std::chrono::milliseconds(400);
    stop_ = true;
    for (auto& stream : streams_) stream.get();
    streams_.clear();
    stop_ = false;
  }
  // One program at each member that is answered in time. "" or that there is none.
  std::string play_last() {
    for (unsigned i = 0; i < kMembers; ++i) {
      if (!cores_.await(0, [this, i] { return last_of(i); }))
        return "not live: " + name_of(i) + " answers nothing any more: " + why_last_;
    }
    return {};
  }
  std::string judge() {
    auto groups = auditor_.take_groups();
    if (auto fault = auditor_.fault(); !fault.empty()) return fault;
    HistoryVerdict verdict(std::move(runs_), changes_, raises_, std::move(groups));
    std::string fault = verdict.judge();
    told_ = verdict.told();
    full_ = verdict.full();
    written_ = verdict.written();
    unknown_written_ = verdict.unknown_written();
    if (const char* const file = std::getenv("SLUICE_HISTORY_FILE"); file && !fault.empty())
      std::ofstream(file) << fault << "\n" << verdict.text();
    return fault;
  }
  // Ends everything.
  void end() {
    if (!streams_.empty()) stop_playing();
    roads_.mend();
    std::vector<std::future<void>> stops;
    for (auto& member : members_)
      stops.push_back(std::async(std::launch::async, [&member] { member->stop(); }));
    stops.clear();
    ends_.clear();
    while (roads_.under_way() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  [[nodiscard]] std::size_t told() const { return told_; }
  [[nodiscard]] std::size_t full() const { return full_; }
  [[nodiscard]] std::size_t written() const { return written_; }
  [[nodiscard]] std::size_t unknown_written() const { return unknown_written_; }

 private:
  // The core.
  HistoryMember* running(const std::string& address) {
    for (unsigned i = 0; i < kMembers; ++i) {
      if (name_of(i) == address && members_[i]->is_running()) return members_[i].get();
    }
    return nullptr;
  }
  Result<void> import(store::Store& store, Change& change) {
    SLUICE_TRY(auto import, store.begin_import(HistoryMember::kNs));
    Entries puts;
    puts[kImportKey] = std::to_string(change.number);
    for (unsigned left = 1 + dice_.below(8); left > 0; --left)
      puts["k" + std::to_string(dice_.below(5))] = std::to_string(dice_.below(999) + 1);
    if (change.all) {
      import->replace_all();
      puts[kNumberKey] = std::to_string(change.number * 100'000);
    }
    for (const auto& [key, value] : puts) {
      change.steps.push_back({Step::put, key, value});
      SLUICE_CHECK(import->add(key, value));
    }
    return import->commit();
  }

  Task<void> stream(unsigned number) {
    std::mt19937 random(plan_.seed * 1000 + number);
    for (unsigned i = 0; !stop_; ++i) {
      const unsigned which = random() % kMembers;
      const std::string name = std::to_string(number) + "." + std::to_string(i);
      // Half of them only read: a write holds its stream up while its member stands still.
      GuestProgram program = plan_.limit > 0
                                 ? random_sale_program(name, random)
                                 : random_guest_program(name, random, number % 2 == 0 ? 60 : 0);
      const bool leaves = random() % 100 < plan_.client_leaves;
      const Duration patience = leaves ? Duration(std::chrono::microseconds(random() % 20'000))
                                       : Duration(std::chrono::seconds(20));
      if (members_[which]->is_running()) {
        (void)co_await run(which, std::move(program), patience);
      } else {
        co_await loop_.sleep_for(std::chrono::milliseconds(1));
      }
    }
  }
  Task<bool> last_of(unsigned which) {
    const TimePoint end = Clock::now() + std::chrono::seconds(20);
    for (unsigned i = 0; Clock::now() < end; ++i) {
      GuestProgram program{"last" + std::to_string(which) + "." + std::to_string(i), {}};
      program.operations = {
          {Operation::count, ""}, {Operation::permit, "p99"}, {Operation::add, "k1"}};
      if (i == 0 || which > 0) program.operations.pop_back();
      if (co_await run(which, std::move(program), std::chrono::seconds(20))) co_return true;
      why_last_ = "try " + std::to_string(i) + ": " + why_not_;
      co_await loop_.sleep_for(std::chrono::milliseconds(5));
    }
    co_return false;
  }
  // True: answered.
  Task<bool> run(unsigned which, GuestProgram program, Duration patience) {
    HistoryMember& member = *members_[which];
    auto exchange = member.exchange();
    http::Request& request = exchange->client_request();
    request.method = "POST";
    request.host = "shop.example";
    (void)request.set_target("/");
    request.body.assign(program.encode());
    exchange->real_ip = "10.1.2.3";
    const std::size_t place = runs_.size();
    runs_.push_back({std::move(program), clock_.now(), 0, {}, name_of(which)});
    const auto served = member.serve(std::move(exchange), false);
    const TimePoint leaves = Clock::now() + patience;
    while (!served->done && !served->gone && Clock::now() < leaves) {
      const TimePoint look = std::min(leaves, Clock::now() + std::chrono::milliseconds(20));
      (void)co_await served->news.wait(look);
      if (stop_ && stop_at_ < Clock::now()) break;
    }
    if (!served->done) {
      why_not_ = served->gone ? "the member ended" : "no answer";
      if (!served->gone) member.leave(*served);
      co_return false;
    }
    ClientRun& run = runs_[place];
    run.full = served->result == "limitReached";
    if (!run.full && served->result != "wasmResult1") {
      why_not_ = served->result;
      for (const std::string& tag : served->exchange->tags()) why_not_ += ", " + tag;
      co_return false;
    }
    run.end = clock_.now();
    if (run.full) co_return true;
    run.answer = perform_of(served->exchange->response()->body.bytes(), run.program);
    EXPECT_TRUE(run.answer) << "an answer to another program";
    co_return run.answer.has_value();
  }

  store::TestCores& cores_;
  loop::EventLoop& loop_;
  const HistoryPlan plan_;
  store::EtcdOptions options_;
  HistoryAuditor auditor_;
  Dice dice_;
  HistoryRoads roads_;
  store::HistoryClock clock_;
  std::vector<std::unique_ptr<HistoryMember>> members_;
  std::vector<std::future<void>> ends_;  // of processes
  std::vector<std::shared_ptr<store::KvFaults>> faults_of_all_;
  std::vector<pb::TxnRequest> late_;
  std::vector<Change> changes_;
  store::KeyLimit limit_{};
  std::vector<Raise> raises_;
  std::vector<std::future<void>> streams_;
  std::atomic<bool> stop_ = false;
  TimePoint stop_at_{};          // written before stop_
  std::vector<ClientRun> runs_;  // of the core
  std::string why_not_;          // the last run that was not answered
  std::string why_last_;         // the last of play_last()
  std::size_t told_ = 0;
  std::size_t full_ = 0;
  std::size_t written_ = 0;
  std::size_t unknown_written_ = 0;
};

}  // namespace sluice::filters::testing
