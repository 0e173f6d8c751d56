// SPDX-License-Identifier: Apache-2.0
// A validated ProxyWasm filter. Its code is compiled, and the guest of each core exists and has
// taken its configurations. It waits here until its core fetches it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "filters/proxy_wasm/guest.h"
#include "filters/proxy_wasm/spec.h"
#include "filters/proxy_wasm/statistics.h"
#include "filters/wasm_host/code_choice.h"
#include "filters/wasm_host/environment.h"
#include "filters/wasm_host/pins.h"
#include "pipeline/figures.h"
#include "pipeline/filter.h"
#include "pipeline/runs_other_code.h"
#include "pipeline/with_code.h"

namespace sluice::filters::proxy_wasm {

// The parts of a filter that its generations share.
struct KeptParts {
  std::shared_ptr<PluginStatistics> statistics;
  std::shared_ptr<PluginMetrics> metrics;
  std::shared_ptr<SharedData> shared_data;
  const pipeline::PipelineFinder* pipelines;
};

inline constexpr std::string_view kKindName = "ProxyWasm";

class ProxyWasmPrototype final : public pipeline::FilterPrototype,
                                 public pipeline::WithFigures,
                                 public pipeline::WithCode,
                                 public pipeline::RunsOtherCode {
 public:
  // Blocks: makes a guest for each core. Error `conflict`: the guests would exceed the guest
  // budget.
  [[nodiscard]] static Result<std::shared_ptr<const ProxyWasmPrototype>> create(
      ProxyWasmSpec spec, const pipeline::FilterContext& context, KeptParts kept, CodeInForce code,
      std::shared_ptr<const WasmEnvironment> environment);

  [[nodiscard]] Json spec() const override { return config::encode(spec_); }
  [[nodiscard]] Json status() const override;
  void expose(const pipeline::FilterPlace& place, observe::Exposition& out) const override;
  [[nodiscard]] std::unique_ptr<pipeline::Filter> instantiate(
      const loop::Core& core) const override;
  [[nodiscard]] Result<std::shared_ptr<const pipeline::FilterPrototype>> reload(
      const pipeline::StateScope& states = {},
      const pipeline::ReloadInputs& inputs = {}) const override;
  // Told apart from those of WasmHost, whose code is kept elsewhere.
  [[nodiscard]] Json pin() const override { return pin_of(*code_.code, kKindName); }
  [[nodiscard]] std::string note() const override { return code_.code->note(code_.refused); }
  [[nodiscard]] pipeline::CodeFacts code_facts() const override { return code_.code->facts(); }
  [[nodiscard]] std::string other_code() const override { return remark_on_upload(*code_.code); }

 private:
  struct Place {
    std::string pipeline;
    std::string filter;
  };
  ProxyWasmPrototype(ProxyWasmSpec spec, Place place, KeptParts kept, CodeInForce code,
                     std::shared_ptr<const WasmEnvironment> environment,
                     GuestBudget::Reservation reservation);
  [[nodiscard]] static Result<std::shared_ptr<const ProxyWasmPrototype>> prove(
      ProxyWasmSpec spec, Place place, KeptParts kept, CodeInForce code,
      std::shared_ptr<const WasmEnvironment> environment, const std::stop_token& stop);
  [[nodiscard]] std::shared_ptr<const GuestRecipe> make_recipe() const;
  [[nodiscard]] Result<void> make_guests(const std::stop_token& stop);

  const ProxyWasmSpec spec_;
  const Place place_;
  const KeptParts kept_;
  const CodeInForce code_;
  const std::shared_ptr<const WasmEnvironment> environment_;
  const GuestBudget::Reservation reservation_;
  const std::shared_ptr<const GuestRecipe> recipe_;
  mutable Mutex mutex_;
  // By core, until fetched.
  mutable std::vector<std::unique_ptr<PluginGuest>> guests_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::filters::proxy_wasm
