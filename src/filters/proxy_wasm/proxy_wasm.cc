// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy_wasm/proxy_wasm.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "base/mutex.h"
#include "filters/proxy_wasm/abi.h"
#include "filters/proxy_wasm/filter.h"
#include "filters/proxy_wasm/metrics.h"
#include "filters/proxy_wasm/prototype.h"
#include "filters/wasm_host/code.h"
#include "filters/wasm_host/pins.h"
#include "filters/wasm_host/script.h"
#include "filters/wasm_host/spec.h"

namespace sluice::filters {
namespace proxy_wasm {
namespace {

constexpr std::uint64_t kMemoryMin = 64 << 10;
constexpr std::uint64_t kBodyBytesMax = std::uint64_t{16} << 20;

// A filter whose code was not read. It never runs.
class UnreadPlugin final : public pipeline::FilterPrototype {
 public:
  explicit UnreadPlugin(const ProxyWasmSpec& spec) : spec_(config::encode(spec)) {}
  [[nodiscard]] Json spec() const override { return spec_; }
  [[nodiscard]] std::unique_ptr<pipeline::Filter> instantiate(const loop::Core&) const override {
    return nullptr;
  }

 private:
  Json spec_;
};

class ProxyWasmKind final : public pipeline::FilterKind, public pipeline::WithFamilies {
 public:
  ProxyWasmKind(std::shared_ptr<const WasmEnvironment> environment,
                const pipeline::PipelineFinder* pipelines)
      : environment_(std::move(environment)), pipelines_(pipelines) {}

  [[nodiscard]] std::string_view name() const override { return kKindName; }
  [[nodiscard]] std::span<const std::string_view> results() const override {
    return kProxyWasmResults;
  }
  [[nodiscard]] std::string_view description() const override {
    return "Runs a proxy-wasm plugin on every request and response.";
  }
  [[nodiscard]] Json schema() const override { return config::schema<ProxyWasmSpec>(); }
  [[nodiscard]] std::shared_ptr<const pipeline::FilterPrototype> build(
      const config::Value& value, const pipeline::FilterContext& context,
      config::Faults& faults) const override;
  [[nodiscard]] bool has_code() const override { return true; }
  [[nodiscard]] observe::MetricFamilies metric_families() const override {
    return plugin_metric_families();
  }
  void sweep(const std::set<std::string>& wanted) const override {
    environment_->kept->sweep(wanted);
  }
  [[nodiscard]] pipeline::CodeKeeper* code_keeper() const override {
    return environment_->kept.get();
  }
  [[nodiscard]] std::string code_of(const Json& pin) const override {
    return pinned_hash(pin, kKindName);
  }

 private:
  static void check_size(const std::string& text, std::uint64_t least, std::uint64_t most,
                         const std::string& path, config::Faults& faults);
  [[nodiscard]] KeptParts keep_parts(const ProxyWasmSpec& spec,
                                     const pipeline::FilterContext& context) const;
  [[nodiscard]] std::shared_ptr<SharedData> data_of(const std::string& vm_id) const;

  const std::shared_ptr<const WasmEnvironment> environment_;
  const pipeline::PipelineFinder* const pipelines_;  // null: no guest calls one
  mutable Mutex mutex_;
  mutable std::map<std::string, std::weak_ptr<SharedData>> data_ SLUICE_GUARDED_BY(mutex_);
};

void ProxyWasmKind::check_size(const std::string& text, std::uint64_t least, std::uint64_t most,
                               const std::string& path, config::Faults& faults) {
  const auto size = parse_size(text);
  if (!size) {
    faults.add(path, "\"" + text + "\" is not a size, try 4MiB");
  } else if (*size < least || *size > most) {
    faults.add(path, "must be " + std::to_string(least) + " bytes to " +
                         std::to_string(most >> 20) + "MiB");
  }
}

std::shared_ptr<const pipeline::FilterPrototype> ProxyWasmKind::build(
    const config::Value& value, const pipeline::FilterContext& context,
    config::Faults& faults) const {
  const std::size_t faults_before = faults.count();
  auto spec = config::decode<ProxyWasmSpec>(value, context.path, faults);
  const auto at = [&](const char* field) { return config::join_path(context.path, field); };
  check_size(spec.max_memory, kMemoryMin, environment_->engine.options().memory_bytes_max,
             at("maxMemory"), faults);
  check_size(spec.max_body_size, 1, kBodyBytesMax, at("maxBodySize"), faults);
  if (is_builtin(spec.code)) faults.add(at("code"), "the builtin engines are for a WasmHost");
  if (faults.count() != faults_before) return nullptr;
  if (environment_->offline && is_url(spec.code)) {
    faults.warn(at("code"), "is not read here");
    return std::make_shared<UnreadPlugin>(spec);
  }
  auto code = choose_code(spec.code, context, *environment_, kKindName);
  if (code) {
    KeptParts kept = keep_parts(spec, context);
    auto made = ProxyWasmPrototype::create(std::move(spec), context, std::move(kept),
                                           *std::move(code), environment_);
    if (made) return std::move(*made);
    faults.add(at("code"), made.error().message);
  } else {
    faults.add(at("code"), code.error().message);
  }
  return nullptr;
}

KeptParts ProxyWasmKind::keep_parts(const ProxyWasmSpec& spec,
                                    const pipeline::FilterContext& context) const {
  const unsigned cores = environment_->core_count;
  const std::string own = context.pipeline + "/" + context.name;
  return {.statistics = context.states.keep(
              "statistics", [cores] { return std::make_shared<PluginStatistics>(cores); }),
          .metrics = context.states.keep(
              "metrics", [] { return std::make_shared<PluginMetrics>(kMetricsMax); }),
          .shared_data = data_of(spec.vm_id.empty() ? "own " + own : "shared " + spec.vm_id),
          .pipelines = pipelines_};
}

std::shared_ptr<SharedData> ProxyWasmKind::data_of(const std::string& vm_id) const {
  const MutexLock lock(mutex_);
  std::erase_if(data_, [](const auto& each) { return each.second.expired(); });
  auto& known = data_[vm_id];
  auto data = known.lock();
  if (!data) known = data = std::make_shared<SharedData>();
  return data;
}

}  // namespace
}  // namespace proxy_wasm

Result<std::unique_ptr<pipeline::FilterKind>> make_proxy_wasm_kind(wasm::Engine& engine,
                                                                   store::Store& store,
                                                                   Logger logger,
                                                                   unsigned core_count,
                                                                   ProxyWasmServices services) {
  auto linker = wasm::Linker::create(engine, proxy_wasm::abi());
  if (!linker) return fail(ErrorKind::internal, "ProxyWasm: " + linker.error().message);
  if (!services.guests)
    services.guests = std::make_shared<GuestBudget>(engine.options().guests_max);
  return std::make_unique<proxy_wasm::ProxyWasmKind>(
      std::shared_ptr<const WasmEnvironment>(
          new WasmEnvironment{engine, std::move(*linker), nullptr, store, std::move(logger),
                              core_count, std::make_unique<KeptCode>(services.code_folder),
                              std::move(services.guests), nullptr, services.offline}),
      services.pipelines);
}

}  // namespace sluice::filters
