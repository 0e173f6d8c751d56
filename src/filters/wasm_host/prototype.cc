// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/prototype.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "config/fields.h"
#include "filters/wasm_host/metrics.h"

namespace sluice::filters {
namespace {

// Among the states of a filter.
constexpr std::string_view kCode = "code";
constexpr std::string_view kTrial = "trial";
constexpr std::size_t kShownFailureBytesMax = 300;

unsigned share_of(int max_concurrency, unsigned core, unsigned cores) {
  const auto total = static_cast<unsigned>(max_concurrency);
  return std::max(1u, total / cores + (core < total % cores ? 1 : 0));
}

// Each core gets at least one.
unsigned waiting_share(const WasmHostSpec& spec, const WasmEnvironment& environment) {
  return std::max(1U, static_cast<unsigned>(spec.max_waiting) / environment.core_count);
}

// Runs before a guest is created, because the engine's own error speaks of pages and limits.
Result<void> check_memory(const wasm::Module& module, const std::string& max_memory) {
  const wasm::Export* memory = module.find_export("memory");
  if (memory == nullptr || memory->memory_bytes <= *parse_size(max_memory)) return {};
  constexpr std::uint64_t kMiB = 1 << 20;
  const std::uint64_t mib = (memory->memory_bytes + kMiB - 1) / kMiB;
  return fail(ErrorKind::invalid, "the module's memory begins with " + std::to_string(mib) +
                                      " MiB, and maxMemory is " + max_memory +
                                      ": raise maxMemory, or build the module with less");
}

// A script names the functions that it calls; an engine imports all. A component imports the
// functions that its language's tool has found to be used, or those of the whole interface.
bool reads_responses(const RunningCode& code) {
  if (code.script()) return script_reads_responses(*code.script());
  return std::ranges::any_of(code.module()->module().imports(), [](const wasm::Import& import) {
    return import.name == "host_resp_get_body" ||
           (import.name == "get-body" && import.module.starts_with("sluice:gateway/response@"));
  });
}

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

// Null: there is no limit.
Json limit_status(const store::NamespaceStatus& data) {
  if (!data.limit) return nullptr;
  const store::LimitState& state = data.limit->state;
  return {{"prefix", state.limit.prefix},
          {"max", state.limit.max},
          {"used", data.limit->used},
          {"sealed", state.sealed}};
}

// These values cover all filters: they share one journal.
Json store_status(const store::Store& store) {
  const auto written = store.write_statistics();
  const auto ms = [](std::uint64_t microseconds) {
    return milliseconds(std::chrono::microseconds(microseconds));
  };
  const double mean = written.groups == 0 ? 0
                                          : static_cast<double>(written.commits) /
                                                static_cast<double>(written.groups);
  const std::string trouble = store.health();
  return {
      {"health", trouble.empty() ? "ready" : trouble},
      {"durability", written.durability},
      {"groups", written.groups},
      {"commits", written.commits},
      {"failures", written.failures},
      {"groupSize",
       {{"mean", mean},
        {"p50", written.group_size.p50},
        {"p99", written.group_size.p99},
        {"max", written.group_size.max}}},
      {"writeMs",
       {{"p50", ms(written.write_us.p50)},
        {"p99", ms(written.write_us.p99)},
        {"max", ms(written.write_us.max)}}},
  };
}

}  // namespace

WasmHostPrototype::WasmHostPrototype(WasmHostSpec spec, WasmHostParts parts, Code code,
                                     GuestBudget::Reservation reservation)
    : spec_(std::move(spec)),
      parts_(std::move(parts)),
      code_(std::move(code)),
      reservation_(std::move(reservation)),
      guests_(parts_.environment->core_count) {}

Result<std::shared_ptr<const WasmHostPrototype>> WasmHostPrototype::create(
    WasmHostSpec spec, const pipeline::FilterContext& context,
    std::shared_ptr<const WasmEnvironment> environment) {
  SLUICE_TRY(auto code, choose_code(spec, context, *environment));
  context.states.put(kCode, spec.source(), code);
  const unsigned cores = environment->core_count;
  WasmHostParts parts{
      .environment = std::move(environment),
      .recipe = {},
      .statistics = context.states.keep(
          "statistics", [cores] { return std::make_shared<WasmStatistics>(cores); }),
      .in_force = context.states.keep(
          "filters",
          [cores] { return std::make_shared<pipeline::CorePlaces<WasmHostFilter>>(cores); }),
      .trial = continue_trial(*code, context.states, cores)};
  return prove(std::move(spec), context.pipeline + "/" + context.name, std::move(parts),
               std::move(code), context.stop);
}

// Code that a filter begins with has no code before it, and code that is put back is not judged.
std::shared_ptr<CodeTrial> WasmHostPrototype::continue_trial(const RunningCode& code,
                                                             const pipeline::StateScope& states,
                                                             unsigned core_count) {
  auto trial = states.find<CodeTrial>(kTrial, pipeline::NoTerms());
  if (!trial || trial->sha256() != code.sha256()) {
    const bool judged = trial != nullptr && code.rolled_back_from().empty();
    trial = std::make_shared<CodeTrial>(code.sha256(), judged, core_count);
  }
  states.put(kTrial, pipeline::NoTerms(), trial);
  return trial;
}

Result<WasmHostPrototype::Code> WasmHostPrototype::choose_code(
    const WasmHostSpec& spec, const pipeline::FilterContext& context,
    const WasmEnvironment& environment) {
  if (context.fresh) {
    SLUICE_TRY(auto code, RunningCode::read(spec.source(), environment, context.stop));
    const bool refused = context.pin != nullptr && RunningCode::refuses(*context.pin, *code);
    if (!refused) return code;
    return RunningCode::pinned(spec.source(), *context.pin, environment, context.stop);
  }
  auto in_force = context.states.find<const RunningCode>(kCode, spec.source());
  if (context.pin != nullptr && (!in_force || !in_force->is_of(*context.pin))) {
    SLUICE_TRY(auto code,
               RunningCode::pinned(spec.source(), *context.pin, environment, context.stop));
    if (code) return code;
  }
  if (!in_force) return RunningCode::read(spec.source(), environment, context.stop);
  SLUICE_CHECK(in_force->share(environment));
  return in_force;
}

Result<std::shared_ptr<const WasmHostPrototype>> WasmHostPrototype::prove(
    WasmHostSpec spec, std::string ns, WasmHostParts parts, Code code,
    const std::stop_token& stop) {
  const WasmEnvironment& environment = *parts.environment;
  unsigned count = 0;
  for (unsigned core = 0; core < environment.core_count; ++core)
    count += filters::share_of(spec.max_concurrency, core, environment.core_count);
  SLUICE_TRY(auto reservation, environment.guests->reserve(ns, count));
  SLUICE_CHECK(check_memory(code->module()->module(), spec.max_memory));
  Recipe recipe{.module = code->module(),
                .script = code->script(),
                .reads_responses = reads_responses(*code),
                .parameters = spec.parameters,
                .memory_bytes_max = *parse_size(spec.max_memory),
                .timeout = spec.timeout,
                .waiting_max = waiting_share(spec, environment),
                .known = spec.known,
                .serves_known = spec.on_store_loss == "serveKnown",
                .logger = environment.logger,
                .name = std::move(ns)};
  if (recipe.script) SLUICE_CHECK(wasm::run_here(recipe.take_snapshot(wasm::Pace())));
  parts.recipe = std::make_shared<const Recipe>(std::move(recipe));
  parts.on_trial = spec.rollback && parts.trial->is_judged();
  std::shared_ptr<WasmHostPrototype> made(new WasmHostPrototype(
      std::move(spec), std::move(parts), std::move(code), std::move(reservation)));
  SLUICE_CHECK(made->make_guests(stop));
  SLUICE_CHECK(environment.store.prepare(made->parts_.recipe->name));
  return made;
}

unsigned WasmHostPrototype::share_of(unsigned core) const {
  return filters::share_of(spec_.max_concurrency, core, parts_.environment->core_count);
}

Result<void> WasmHostPrototype::make_guests(const std::stop_token& stop) {
  for (unsigned core = 0; core < parts_.environment->core_count; ++core) {
    if (stop.stop_requested()) return fail(ErrorKind::unavailable, "given up");
    SLUICE_TRY(auto guest, wasm::run_here(parts_.recipe->make(wasm::Pace())));
    const MutexLock lock(mutex_);
    guests_[core].push_back(std::move(guest));
  }
  return {};
}

std::unique_ptr<pipeline::Filter> WasmHostPrototype::instantiate(const loop::Core& core) const {
  parts_.trial->begin();
  if (const auto retiring = parts_.in_force->find(core)) retiring->retire();
  Guests guests;
  {
    const MutexLock lock(mutex_);
    guests = std::exchange(guests_[core.index], {});
  }
  return std::make_unique<WasmHostEntry>(
      WasmHostFilter::make(core, parts_, share_of(core.index), std::move(guests)));
}

Result<std::shared_ptr<const pipeline::FilterPrototype>> WasmHostPrototype::reload(
    const pipeline::StateScope& states, const pipeline::ReloadInputs& inputs) const {
  SLUICE_TRY(auto code,
             inputs.code != nullptr
                 ? RunningCode::uploaded(spec_.source(), *inputs.code, *parts_.environment)
                 : RunningCode::read(spec_.source(), *parts_.environment, inputs.stop));
  const std::string& refused = code_->rolled_back_from();
  if (inputs.code == nullptr && !refused.empty() && code->sha256() == refused) return nullptr;
  // If the source holds the code that was put back, that is no rollback any more.
  if (code->sha256() == code_->sha256() && refused.empty()) return nullptr;
  WasmHostParts parts = parts_;
  const bool judged = code->sha256() != code_->sha256();
  parts.trial = std::make_shared<CodeTrial>(code->sha256(), judged, parts_.environment->core_count);
  const auto trial = parts.trial;
  SLUICE_TRY(auto made, prove(spec_, parts_.recipe->name, std::move(parts), code, inputs.stop));
  states.put(kTrial, pipeline::NoTerms(), trial);
  states.put(kCode, spec_.source(), code);
  return made;
}

void WasmHostPrototype::hold_limit(std::uint64_t revision) const {
  store::KeyLimit limit;
  limit.revision = revision;
  if (spec_.limit) limit.prefix = spec_.limit->prefix;
  if (spec_.limit) limit.max = static_cast<std::uint64_t>(spec_.limit->max);
  const WasmEnvironment& environment = *parts_.environment;
  const std::string& ns = parts_.recipe->name;
  const auto held = environment.store.hold_limit(ns, std::move(limit));
  if (!held)
    environment.logger.warn(ns + ": its limit is not durable yet: " + held.error().message);
}

Json WasmHostPrototype::spec() const { return config::encode(spec_); }

std::string WasmHostPrototype::other_code() const {
  if (!code_->is_uploaded() || !code_->rolled_back_from().empty()) return {};
  return "runs the code that was uploaded at " + code_->loaded_at() +
         "; that of the spec runs after `egctl wasm reload-code`";
}

std::string WasmHostPrototype::verdict() const {
  if (!parts_.on_trial) return {};
  std::string why = parts_.trial->verdict(*spec_.rollback);
  if (why.empty()) return why;
  const std::string last = parts_.statistics->get_last_failure();
  if (!last.empty()) why.append("; the last: ").append(utf8_prefix(last, kShownFailureBytesMax));
  return why;
}

Json WasmHostPrototype::trial_status() const {
  const auto now = parts_.on_trial ? parts_.trial->progress(*spec_.rollback) : std::nullopt;
  if (!now) return nullptr;
  return {{"runs", now->runs},
          {"failed", now->failed},
          {"secondsLeft", std::chrono::ceil<std::chrono::seconds>(now->left).count()}};
}

Json WasmHostPrototype::status() const {
  const auto& counters = parts_.statistics->counters;
  const auto sum = [&counters](observe::Cell WasmCounters::*cell) { return counters.sum(cell); };
  const auto data = parts_.environment->store.status(parts_.recipe->name);
  const std::string other = other_code();
  return {
      {"health", health()},
      {"lastFailure", parts_.statistics->get_last_failure()},
      {"numOfRequest", sum(&WasmCounters::requests)},
      {"numOfWasmError", sum(&WasmCounters::wasm_errors)},
      {"numOfTimeout", sum(&WasmCounters::timeouts)},
      {"numOfStoreFailure", sum(&WasmCounters::store_failures)},
      {"numOfOutOfVM", sum(&WasmCounters::out_of_vm)},
      {"waiting", sum(&WasmCounters::waiting)},
      {"vms", sum(&WasmCounters::vms)},
      {"vmsReplaced", sum(&WasmCounters::vms_replaced)},
      {"transactionsWritten", sum(&WasmCounters::written)},
      {"transactionsReadOnly", sum(&WasmCounters::read_only)},
      {"numOfLimitReached", sum(&WasmCounters::limit_reached)},
      {"limit", limit_status(data)},
      {"conflicts", sum(&WasmCounters::conflicts)},
      {"reruns", sum(&WasmCounters::reruns)},
      {"queueTurns", sum(&WasmCounters::queue_turns)},
      {"handedOver", sum(&WasmCounters::handed_over)},
      {"runForOthers", sum(&WasmCounters::run_for_others)},
      {"confirmedReads", sum(&WasmCounters::confirmed_reads)},
      {"questions", data.questions},
      {"dataTrouble", data.trouble},
      {"keys", data.keys},
      {"committedVersion", data.committed},
      {"durableVersion", data.durable},
      {"durableLag", data.committed - std::min(data.committed, data.durable)},
      {"durableLagMs", milliseconds(data.durable_lag)},
      {"store", store_status(parts_.environment->store)},
      {"codeHash", code_->sha256()},
      {"loadedAt", code_->loaded_at()},
      {"codeSource", code_->is_uploaded() ? "upload" : "spec"},
      {"codeNote", other.empty() ? code_->note() : other},
      {"rolledBackFrom", code_->rolled_back_from()},
      {"trial", trial_status()},
  };
}

void WasmHostPrototype::expose(const pipeline::FilterPlace& place, observe::Exposition& out) const {
  const unsigned cores = parts_.environment->core_count;
  GuestBounds bounds{0, parts_.recipe->waiting_max * cores};
  for (unsigned core = 0; core < cores; ++core) bounds.guests_max += share_of(core);
  expose_guests(*parts_.statistics, bounds, place, out);
  expose_code(*code_, place, out);
  expose_data(parts_.environment->store.status(parts_.recipe->name), place, out);
}

std::string WasmHostPrototype::health() const {
  if (const auto fault = parts_.statistics->get_fault(); !fault.empty()) {
    return "no guest can be made: " + fault;
  }
  if (const auto trouble = parts_.environment->store.health(); !trouble.empty()) {
    return "shared data cannot be written: " + trouble;
  }
  return "ready";
}

}  // namespace sluice::filters
