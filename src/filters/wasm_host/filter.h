// SPDX-License-Identifier: Apache-2.0
// One core's WasmHost filter: runs guests, each run one transaction.
#pragma once

#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "filters/wasm_host/environment.h"
#include "filters/wasm_host/host_context.h"
#include "filters/wasm_host/log_gate.h"
#include "filters/wasm_host/recipe.h"
#include "pipeline/core_places.h"
#include "pipeline/filter.h"
#include "wasm/pool.h"

namespace sluice::filters {

class WasmHostFilter;

struct WasmHostParts {
  std::shared_ptr<const WasmEnvironment> environment;
  std::shared_ptr<const Recipe> recipe;
  std::shared_ptr<WasmStatistics> statistics;
  std::shared_ptr<pipeline::CorePlaces<WasmHostFilter>> in_force;
};

class WasmHostFilter final : public pipeline::Filter {
 public:
  // `guests`: ready-made guests. `share`: the number of guests that this core is to have.
  WasmHostFilter(const loop::Core& core, WasmHostParts parts, unsigned share,
                 std::vector<std::unique_ptr<wasm::Instance>> guests);
  ~WasmHostFilter() override;

  Task<std::string_view> handle(pipeline::Exchange& exchange) override;
  bool knows(const http::Request& request) const override;
  // The next generation has replaced this one: releases the guests that no request needs any more.
  void retire();

 private:
  struct Attempt;
  enum class RunOutcome { done, again, again_in_turn, not_owner, failed };

  [[nodiscard]] RunOutcome judge(Attempt& attempt, Result<std::int32_t> value);
  [[nodiscard]] RunOutcome commit(Attempt& attempt, std::int32_t value);
  [[nodiscard]] std::string_view broken_off(pipeline::Exchange& exchange, const Error& error);
  [[nodiscard]] bool is_crowded(bool known) const;
  [[nodiscard]] std::string_view crowded(Attempt& attempt);
  [[nodiscard]] std::string_view no_guest(Attempt& attempt);
  [[nodiscard]] std::string_view failed(Attempt& attempt);
  [[nodiscard]] std::string_view failed(Attempt& attempt, const Error& error);
  [[nodiscard]] Task<Result<void>> owner_returns(Attempt& attempt);
  [[nodiscard]] std::string_view without_owner(Attempt& attempt, const Error& error);
  // The counter of commits like that of this run.
  [[nodiscard]] observe::Cell& count_commit(const Attempt& attempt);
  [[nodiscard]] std::string_view timed_out(Attempt& attempt);
  [[nodiscard]] std::string_view answer_503(Attempt& attempt, std::string_view result,
                                            std::string text);
  void on_created(const Result<void>& made, bool replacement);
  void report_guests();

  WasmHostParts parts_;
  const bool reads_responses_;  // the guest may ask for the body of the response
  store::View& view_;
  WasmCounters& counters_;
  wasm::Pool pool_;
  LogGate failures_;
  LogGate guest_lines_;
  std::mt19937_64 random_;
  std::uint64_t guests_reported_ = 0;
  observe::Cell waiting_for_owner_;  // requests
  // Last: its place is empty before anything else is gone.
  std::shared_ptr<WasmHostFilter> presence_{this, [](WasmHostFilter*) {}};
};

}  // namespace sluice::filters
