// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy_wasm/prototype.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "filters/proxy_wasm/abi.h"
#include "filters/proxy_wasm/filter.h"
#include "filters/proxy_wasm/metrics.h"
#include "filters/wasm_host/metrics.h"
#include "filters/wasm_host/spec.h"

namespace sluice::filters::proxy_wasm {
namespace {

// A text as it is, a map or list as JSON.
std::string text_of(const config::UndecodedValue& given) {
  const config::Value& value = given.value;
  if (value.kind == config::Value::Kind::null) return "";
  if (value.kind == config::Value::Kind::scalar) return value.scalar;
  return config::Encoder::of(value).dump();
}

}  // namespace

ProxyWasmPrototype::ProxyWasmPrototype(ProxyWasmSpec spec, Place place, KeptParts kept,
                                       CodeInForce code,
                                       std::shared_ptr<const WasmEnvironment> environment,
                                       GuestBudget::Reservation reservation)
    : spec_(std::move(spec)),
      place_(std::move(place)),
      kept_(std::move(kept)),
      code_(std::move(code)),
      environment_(std::move(environment)),
      reservation_(std::move(reservation)),
      recipe_(make_recipe()),
      guests_(environment_->core_count) {}

std::shared_ptr<const GuestRecipe> ProxyWasmPrototype::make_recipe() const {
  const std::string name = place_.pipeline + "/" + place_.filter;
  auto setup = std::make_shared<const PluginSetup>(
      PluginSetup{.pipeline = place_.pipeline,
                  .name = name,
                  .plugin_name = place_.filter,
                  .root_id = spec_.root_id,
                  .vm_id = spec_.vm_id.empty() ? name : spec_.vm_id,
                  .vm_configuration = text_of(spec_.vm_configuration),
                  .configuration = text_of(spec_.configuration),
                  .logger = environment_->logger,
                  .shared_data = kept_.shared_data,
                  .metrics = kept_.metrics,
                  .pipelines = kept_.pipelines});
  return std::make_shared<const GuestRecipe>(
      GuestRecipe{.setup = std::move(setup),
                  .module = code_.code->module(),
                  .memory_bytes_max = *parse_size(spec_.max_memory),
                  .timeout = spec_.timeout,
                  .pause_max = spec_.max_pause,
                  .body_bytes_max = *parse_size(spec_.max_body_size)});
}

Result<std::shared_ptr<const ProxyWasmPrototype>> ProxyWasmPrototype::create(
    ProxyWasmSpec spec, const pipeline::FilterContext& context, KeptParts kept, CodeInForce code,
    std::shared_ptr<const WasmEnvironment> environment) {
  put_code(context.states, spec.code, code.code);
  return prove(std::move(spec), {context.pipeline, context.name}, std::move(kept), std::move(code),
               std::move(environment), context.stop);
}

Result<std::shared_ptr<const ProxyWasmPrototype>> ProxyWasmPrototype::prove(
    ProxyWasmSpec spec, Place place, KeptParts kept, CodeInForce code,
    std::shared_ptr<const WasmEnvironment> environment, const std::stop_token& stop) {
  SLUICE_CHECK(check_module(code.code->module()->module()));
  SLUICE_TRY(auto reservation, environment->guests->reserve(place.pipeline + "/" + place.filter,
                                                            environment->core_count));
  std::shared_ptr<ProxyWasmPrototype> made(
      new ProxyWasmPrototype(std::move(spec), std::move(place), std::move(kept), std::move(code),
                             std::move(environment), std::move(reservation)));
  SLUICE_CHECK(made->make_guests(stop));
  return made;
}

Result<void> ProxyWasmPrototype::make_guests(const std::stop_token& stop) {
  for (unsigned core = 0; core < environment_->core_count; ++core) {
    if (stop.stop_requested()) return fail(ErrorKind::unavailable, "given up");
    SLUICE_TRY(auto guest, wasm::run_here(recipe_->make(wasm::Pace(stop))));
    const MutexLock lock(mutex_);
    guests_[core] = std::move(guest);
  }
  return {};
}

std::unique_ptr<pipeline::Filter> ProxyWasmPrototype::instantiate(const loop::Core& core) const {
  std::unique_ptr<PluginGuest> guest;
  {
    const MutexLock lock(mutex_);
    guest = std::move(guests_[core.index]);
  }
  return std::make_unique<ProxyWasmFilter>(core, recipe_, kept_.statistics, std::move(guest));
}

Result<std::shared_ptr<const pipeline::FilterPrototype>> ProxyWasmPrototype::reload(
    const pipeline::StateScope& states, const pipeline::ReloadInputs& inputs) const {
  SLUICE_TRY(auto code, renew_code(code_, spec_.code, inputs, *environment_));
  if (!code.code) return nullptr;
  const auto renewed = code.code;
  SLUICE_TRY(auto made, prove(spec_, place_, kept_, std::move(code), environment_, inputs.stop));
  put_code(states, spec_.code, renewed);
  return made;
}

Json ProxyWasmPrototype::status() const {
  const auto& counters = kept_.statistics->counters;
  const std::string fault = kept_.statistics->get_fault();
  Json status = {{"health", fault.empty() ? "ready" : "no guest can be made: " + fault},
                 {"requests", counters.sum(&PluginCounters::requests)},
                 {"answered", counters.sum(&PluginCounters::answered)},
                 {"traps", counters.sum(&PluginCounters::traps)},
                 {"timeouts", counters.sum(&PluginCounters::timeouts)},
                 {"busy", counters.sum(&PluginCounters::no_vm)},
                 {"replaced", counters.sum(&PluginCounters::replaced)},
                 {"lastFailure", kept_.statistics->get_last_failure()}};
  add_code_status(code_, nullptr, "", status);
  return status;
}

void ProxyWasmPrototype::expose(const pipeline::FilterPlace& place,
                                observe::Exposition& out) const {
  expose_plugin(*kept_.statistics, place, out);
  expose_code(*code_.code, place, out);
  expose_metrics(*kept_.metrics, place, out);
}

}  // namespace sluice::filters::proxy_wasm
