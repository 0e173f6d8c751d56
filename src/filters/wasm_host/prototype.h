// SPDX-License-Identifier: Apache-2.0
// A validated WasmHost filter. Its code is compiled, and one guest per core exists and has run
// wasm_init. The guest waits here until its core fetches it. The core then creates the rest of its
// share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "filters/wasm_host/filter.h"
#include "filters/wasm_host/pins.h"
#include "filters/wasm_host/running_code.h"
#include "filters/wasm_host/spec.h"
#include "pipeline/figures.h"
#include "pipeline/filter.h"
#include "pipeline/runs_other_code.h"
#include "pipeline/with_code.h"

namespace sluice::filters {

class WasmHostPrototype final : public pipeline::FilterPrototype,
                                public pipeline::WithFigures,
                                public pipeline::WithCode,
                                public pipeline::RunsOtherCode {
 public:
  // Blocks: loads, compiles, creates a guest for each core. The statistics of the filter in force
  // continue, and so does its code if the spec names the same. Error `conflict`: the guests would
  // exceed the guest budget.
  [[nodiscard]] static Result<std::shared_ptr<const WasmHostPrototype>> create(
      WasmHostSpec spec, const pipeline::FilterContext& context,
      std::shared_ptr<const WasmEnvironment> environment);

  [[nodiscard]] Json spec() const override;
  [[nodiscard]] Json status() const override;
  void expose(const pipeline::FilterPlace& place, observe::Exposition& out) const override;
  [[nodiscard]] std::unique_ptr<pipeline::Filter> instantiate(
      const loop::Core& core) const override;
  [[nodiscard]] Result<std::shared_ptr<const pipeline::FilterPrototype>> reload(
      const pipeline::StateScope& states = {},
      const pipeline::ReloadInputs& inputs = {}) const override;
  [[nodiscard]] bool has_shared_data() const override { return true; }
  void hold_limit(std::uint64_t revision) const override;
  [[nodiscard]] Json pin() const override { return pin_of(code(), kWasmHostPins); }
  [[nodiscard]] std::string note() const override;
  [[nodiscard]] std::string verdict() const override;
  [[nodiscard]] pipeline::TrialState trial_state() const override;
  void set_trial_trouble(const std::string& trouble) const override;
  [[nodiscard]] pipeline::CodeFacts code_facts() const override { return code().facts(); }
  [[nodiscard]] std::string other_code() const override { return remark_on_upload(code()); }

 private:
  using Guests = std::vector<std::unique_ptr<wasm::Instance>>;

  WasmHostPrototype(WasmHostSpec spec, WasmHostParts parts, GuestBudget::Reservation reservation);
  [[nodiscard]] const RunningCode& code() const { return *parts_.code.code; }
  [[nodiscard]] static std::shared_ptr<CodeTrial> continue_trial(
      const RunningCode& code, const pipeline::FilterContext& context, unsigned core_count);
  [[nodiscard]] Json trial_status() const;
  [[nodiscard]] static Result<std::shared_ptr<const WasmHostPrototype>> prove(
      WasmHostSpec spec, std::string ns, WasmHostParts parts, const std::stop_token& stop);
  [[nodiscard]] unsigned share_of(unsigned core) const;
  [[nodiscard]] Result<void> make_guests(const std::stop_token& stop);
  [[nodiscard]] std::string health() const;

  WasmHostSpec spec_;
  WasmHostParts parts_;
  GuestBudget::Reservation reservation_;
  mutable Mutex mutex_;
  mutable std::vector<Guests> guests_ SLUICE_GUARDED_BY(mutex_);  // per core, until fetched
};

}  // namespace sluice::filters
