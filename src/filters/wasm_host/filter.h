// SPDX-License-Identifier: Apache-2.0
// One core's WasmHost filter: runs guests, each run one transaction.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "filters/wasm_host/code_choice.h"
#include "filters/wasm_host/code_trial.h"
#include "filters/wasm_host/environment.h"
#include "filters/wasm_host/handover/handed_run.h"
#include "filters/wasm_host/host_context.h"
#include "filters/wasm_host/log_gate.h"
#include "filters/wasm_host/recipe.h"
#include "pipeline/core_places.h"
#include "pipeline/filter.h"
#include "wasm/pool.h"

namespace sluice::filters {

struct Attempt;
class RunSpan;
class WasmHostFilter;

struct WasmHostParts {
  std::shared_ptr<const WasmEnvironment> environment;
  std::shared_ptr<const Recipe> recipe;
  std::shared_ptr<WasmStatistics> statistics;
  std::shared_ptr<pipeline::CorePlaces<WasmHostFilter>> in_force;
  CodeInForce code;
  std::shared_ptr<CodeTrial> trial;  // of the code
  bool on_trial = false;             // the runs are counted there
};

// Core-bound. A pipeline holds it, and so do the exchanges of other members that run on it.
class WasmHostFilter final : public std::enable_shared_from_this<WasmHostFilter> {
 public:
  // `guests`: ready-made guests. `share`: the number of guests that this core is to have. The
  // filter in force of its namespace from now on.
  [[nodiscard]] static std::shared_ptr<WasmHostFilter> make(
      const loop::Core& core, WasmHostParts parts, unsigned share,
      std::vector<std::unique_ptr<wasm::Instance>> guests);
  ~WasmHostFilter();
  WasmHostFilter(const WasmHostFilter&) = delete;
  WasmHostFilter& operator=(const WasmHostFilter&) = delete;

  // As of Filter.
  [[nodiscard]] Task<std::string_view> handle(pipeline::Exchange& exchange) {
    counters_.requests.add();
    return serve(exchange, nullptr);
  }
  [[nodiscard]] bool knows(const http::Request& request) const;
  // Runs an exchange of another member, and says in `run` how it ended. Never hands it over.
  // Requires: `run` and this outlive the Task.
  [[nodiscard]] Task<std::string_view> run_handed(pipeline::Exchange& exchange, HandedRun& run) {
    counters_.run_for_others.add();
    return serve(exchange, &run);
  }
  // True if this process owns the namespace under that fence.
  [[nodiscard]] bool owns(store::Fence fence) const;
  [[nodiscard]] std::shared_ptr<const store::Owner> owner() const { return view_.owner(); }
  // As of View.
  [[nodiscard]] Task<Result<store::OwnerAnswer>> last_sent(TimePoint deadline) {
    return view_.last_sent(deadline);
  }
  // The next generation has replaced this one: releases the guests that no request needs any more.
  void retire();

 private:
  struct Call;
  enum class RunOutcome { done, again, again_in_turn, elsewhere, failed };
  enum class StoreWait { durable, confirmed, opened };

  WasmHostFilter(const loop::Core& core, WasmHostParts parts, unsigned share,
                 std::vector<std::unique_ptr<wasm::Instance>> guests);
  [[nodiscard]] Task<std::string_view> serve(pipeline::Exchange& exchange, HandedRun* handed);
  [[nodiscard]] RunOutcome judge(Attempt& attempt, Result<std::int32_t> value);
  [[nodiscard]] std::string fault_of(Attempt& attempt, const Result<std::int32_t>& value,
                                     const std::string& words);
  [[nodiscard]] RunOutcome judge_late(const Attempt& attempt, const Error& error);
  [[nodiscard]] RunOutcome commit(Attempt& attempt, std::int32_t value);
  static void end_span(RunSpan& span, RunOutcome outcome);
  [[nodiscard]] std::string_view done(Attempt& attempt);
  [[nodiscard]] std::string_view broken_off(pipeline::Exchange& exchange, const Error& error);
  [[nodiscard]] bool is_crowded(bool known) const;
  [[nodiscard]] std::string_view crowded(Attempt& attempt);
  [[nodiscard]] std::string_view no_guest(Attempt& attempt);
  [[nodiscard]] std::string_view failed(Attempt& attempt);
  [[nodiscard]] std::string_view failed(Attempt& attempt, const Error& error);
  // Of a run that had been committed at `committed`, and for which the store has not spoken.
  [[nodiscard]] std::string_view late(Attempt& attempt, const Error& error, TimePoint committed);
  // The counter of commits like that of this run.
  [[nodiscard]] observe::Cell& count_commit(const Attempt& attempt);
  [[nodiscard]] std::string_view timed_out(Attempt& attempt);
  [[nodiscard]] http::Response& undone(Attempt& attempt, http::Refusal refusal) const;
  // A member judges the requests that have come to it, wherever they ran.
  void count_run(bool failed) {
    if (parts_.on_trial) parts_.trial->count_run(core_.index, failed);
  }
  [[nodiscard]] std::string_view limit_reached(Attempt& attempt);
  [[nodiscard]] std::string_view answer_503(Attempt& attempt, std::string_view result,
                                            std::string text);
  void on_created(const Result<void>& made, bool replacement);
  void report_guests();

  // filter_cluster.cc: a store that several processes share.
  void begin_shared(Attempt& attempt) const;
  void renew_moment(Attempt& attempt) const;
  [[nodiscard]] bool is_known(Attempt& attempt) const;
  [[nodiscard]] bool is_for_others_to_judge(Attempt& attempt) const;
  [[nodiscard]] bool may_commit(Attempt& attempt) const;
  [[nodiscard]] bool is_proven(const Attempt& attempt) const;
  [[nodiscard]] Task<Result<void>> settle(Attempt& attempt);
  [[nodiscard]] Task<Result<void>> wait_for_store(Attempt& attempt, StoreWait what);
  [[nodiscard]] Task<Result<void>> ask_store(Attempt& attempt, StoreWait what, TimePoint deadline);
  [[nodiscard]] bool serves_known(const Attempt& attempt) const;
  [[nodiscard]] bool too_many_wait(Attempt& attempt) const;
  static void report_done(Attempt& attempt);
  static void report_failed(Attempt& attempt, std::string_view result, const std::string& text);

  // filter_elsewhere.cc: a run that this process cannot do now.
  enum class Step {
    answered,  // attempt.result is there
    again,     // look again at once
    pause,     // look again in a moment, or after news of the owner
    wait,      // look again after news of the owner
  };
  [[nodiscard]] Task<bool> elsewhere(Attempt& attempt);
  [[nodiscard]] Task<bool> open(Attempt& attempt);
  [[nodiscard]] bool may_run_here(const Attempt& attempt, bool must_write) const;
  [[nodiscard]] bool may_hand_over(const Attempt& attempt, const store::Owner* owner) const;
  [[nodiscard]] Task<Result<void>> owner_news(Attempt& attempt,
                                              std::shared_ptr<const store::Owner> known,
                                              TimePoint until);
  [[nodiscard]] Task<Step> hand_over(Attempt& attempt, std::shared_ptr<const store::Owner> owner);
  [[nodiscard]] std::string message_for(Attempt& attempt, const store::Owner& owner);
  [[nodiscard]] Step take_answer(Attempt& attempt, Call& call);
  [[nodiscard]] static Step take_refusal(Attempt& attempt, const Call& call,
                                         const HandedAnswer& answer);
  [[nodiscard]] Task<Step> learn_fate(Attempt& attempt, Call* call);
  [[nodiscard]] bool refuse(Attempt& attempt, const Error& error);
  static Task<void> carry(Call& call, Courier& courier, std::string address, std::string message,
                          TimePoint deadline);
  Task<void> watch(Call& call, std::shared_ptr<const store::Owner> owner, TimePoint deadline);

  const loop::Core& core_;
  WasmHostParts parts_;
  const bool reads_responses_;  // the guest may ask for the body of the response
  const bool shared_;           // Store::is_shared
  store::View& view_;
  WasmCounters& counters_;
  std::shared_ptr<Sender> sender_;  // null: exchanges are not handed over
  wasm::Pool pool_;
  LogGate failures_;
  LogGate guest_lines_;
  std::mt19937_64 random_;
  std::uint64_t guests_reported_ = 0;
  observe::Cell waiting_for_owner_;  // requests
};

// The place of a WasmHostFilter in a pipeline.
class WasmHostEntry final : public pipeline::Filter {
 public:
  explicit WasmHostEntry(std::shared_ptr<WasmHostFilter> filter) : filter_(std::move(filter)) {}
  Task<std::string_view> handle(pipeline::Exchange& exchange) override {
    return filter_->handle(exchange);
  }
  bool knows(const http::Request& request) const override { return filter_->knows(request); }

 private:
  const std::shared_ptr<WasmHostFilter> filter_;
};

}  // namespace sluice::filters
