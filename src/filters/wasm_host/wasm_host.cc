// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/wasm_host.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "filters/wasm_host/abi.h"
#include "filters/wasm_host/code.h"
#include "filters/wasm_host/metrics.h"
#include "filters/wasm_host/pins.h"
#include "filters/wasm_host/prototype.h"
#include "filters/wasm_host/results.h"
#include "filters/wasm_host/script.h"
#include "filters/wasm_host/spec.h"

namespace sluice::filters {
namespace {

// A filter whose code was not read. It never runs.
class UnreadPrototype final : public pipeline::FilterPrototype {
 public:
  explicit UnreadPrototype(const WasmHostSpec& spec) : spec_(config::encode(spec)) {}
  [[nodiscard]] Json spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<pipeline::Filter> instantiate(const loop::Core&) const override {
    return nullptr;
  }

 private:
  Json spec_;
};

void check_script(const WasmHostSpec& spec, const std::string& path, config::Faults& faults) {
  const std::string code = config::join_path(path, "code");
  const std::string script = config::join_path(path, "script");
  if (!is_builtin(spec.code)) {
    if (!spec.script.empty()) faults.add(script, "is for code: " + builtin_codes());
    return;
  }
  const std::string_view language = std::string_view(spec.code).substr(spec.code.find(':') + 1);
  const auto languages = script_languages();
  if (std::ranges::find(languages, language) == languages.end())
    faults.add(code, "\"" + spec.code + "\" is no builtin engine, try " + builtin_codes());
  if (spec.script.empty())
    faults.add(script, "is missing: the text of the script, or the path of its file");
  if (spec.script.size() > kScriptBytesMax) faults.add(script, "is larger than 1 MiB");
}

class WasmHostKind final : public pipeline::FilterKind, public pipeline::WithFamilies {
 public:
  explicit WasmHostKind(std::shared_ptr<const WasmEnvironment> environment)
      : environment_(std::move(environment)) {}

  [[nodiscard]] std::string_view name() const override { return "WasmHost"; }
  [[nodiscard]] std::span<const std::string_view> results() const override {
    return kWasmHostResults;
  }
  [[nodiscard]] std::string_view description() const override {
    return "Runs your own WebAssembly program on every request.";
  }
  [[nodiscard]] Json schema() const override { return config::schema<WasmHostSpec>(); }
  [[nodiscard]] std::shared_ptr<const pipeline::FilterPrototype> build(
      const config::Value& value, const pipeline::FilterContext& context,
      config::Faults& faults) const override;
  [[nodiscard]] bool has_code() const override { return true; }
  [[nodiscard]] observe::MetricFamilies metric_families() const override {
    return wasm_metric_families();
  }
  void sweep(const std::set<std::string>& wanted) const override {
    environment_->kept->sweep(wanted);
  }
  [[nodiscard]] pipeline::CodeKeeper* code_keeper() const override {
    return environment_->kept.get();
  }
  [[nodiscard]] std::string code_of(const Json& pin) const override {
    return pinned_hash(pin, kWasmHostPins);
  }

 private:
  void check_memory(const WasmHostSpec& spec, const std::string& path,
                    config::Faults& faults) const;

  std::shared_ptr<const WasmEnvironment> environment_;
};

void WasmHostKind::check_memory(const WasmHostSpec& spec, const std::string& path,
                                config::Faults& faults) const {
  constexpr std::uint64_t kPage = 64 << 10;
  const auto size = parse_size(spec.max_memory);
  const std::uint64_t most = environment_->engine.options().memory_bytes_max;
  if (!size) {
    faults.add(config::join_path(path, "maxMemory"),
               "\"" + spec.max_memory + "\" is not a size, try 64MiB");
  } else if (*size < kPage || *size > most) {
    faults.add(config::join_path(path, "maxMemory"),
               "must be 64KiB to " + std::to_string(most >> 20) + "MiB");
  }
}

std::shared_ptr<const pipeline::FilterPrototype> WasmHostKind::build(
    const config::Value& value, const pipeline::FilterContext& context,
    config::Faults& faults) const {
  const std::size_t faults_before = faults.count();
  auto spec = config::decode<WasmHostSpec>(value, context.path, faults);
  check_memory(spec, context.path, faults);
  check_script(spec, context.path, faults);
  if (faults.count() != faults_before) return nullptr;
  if (environment_->offline && is_url(spec.code)) {
    faults.warn(config::join_path(context.path, "code"), "is not read here");
    return std::make_shared<UnreadPrototype>(spec);
  }
  const bool has_script = is_builtin(spec.code);
  auto made = WasmHostPrototype::create(std::move(spec), context, environment_);
  if (made) return std::move(*made);
  const bool too_many = made.error().kind == ErrorKind::conflict;
  const char* field = too_many ? "maxConcurrency" : has_script ? "script" : "code";
  faults.add(config::join_path(context.path, field), made.error().message);
  return nullptr;
}

}  // namespace

Result<std::unique_ptr<pipeline::FilterKind>> make_wasm_host_kind(
    wasm::Engine& engine, store::Store& store, Logger logger, unsigned core_count,
    const std::string& code_folder, std::shared_ptr<Handover> handover, bool offline,
    std::shared_ptr<GuestBudget> guests) {
  if (!guests) guests = std::make_shared<GuestBudget>(engine.options().guests_max);
  auto linker = wasm::Linker::create(engine, easegress_abi());
  if (!linker) return fail(ErrorKind::internal, "WasmHost: " + linker.error().message);
  auto scripts = std::make_unique<ScriptEngines>(engine, **linker);
  return std::make_unique<WasmHostKind>(std::shared_ptr<const WasmEnvironment>(new WasmEnvironment{
      engine, std::move(*linker), std::move(scripts), store, std::move(logger), core_count,
      std::make_unique<KeptCode>(code_folder), std::move(guests), std::move(handover), offline}));
}

}  // namespace sluice::filters
