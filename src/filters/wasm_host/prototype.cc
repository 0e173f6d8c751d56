// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/prototype.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "base/zoned_time.h"
#include "config/fields.h"
#include "filters/wasm_host/metrics.h"

namespace sluice::filters {
namespace {

// Among the states of a filter.
constexpr std::string_view kTrial = "trial";  // its terms: the hash of the code
constexpr std::string_view kTried = "tried";  // that hash
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

// In a run, nothing may read a file.
bool parses_dates(const RunningCode& code) {
  return code.script() ||
         std::ranges::any_of(code.module()->module().imports(), [](const wasm::Import& import) {
           return import.name == "host_parse_date" || import.name == "parse-date";
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

WasmHostPrototype::WasmHostPrototype(WasmHostSpec spec, WasmHostParts parts,
                                     GuestBudget::Reservation reservation)
    : spec_(std::move(spec)),
      parts_(std::move(parts)),
      reservation_(std::move(reservation)),
      guests_(parts_.environment->core_count) {}

Result<std::shared_ptr<const WasmHostPrototype>> WasmHostPrototype::create(
    WasmHostSpec spec, const pipeline::FilterContext& context,
    std::shared_ptr<const WasmEnvironment> environment) {
  SLUICE_TRY(auto code, choose_code(spec.source(), context, *environment, kWasmHostPins));
  put_code(context.states, spec.source(), code.code);
  auto trial = continue_trial(*code.code, context, environment->core_count);
  const unsigned cores = environment->core_count;
  WasmHostParts parts{
      .environment = std::move(environment),
      .recipe = {},
      .statistics = context.states.keep(
          "statistics", [cores] { return std::make_shared<WasmStatistics>(cores); }),
      .in_force = context.states.keep(
          "filters",
          [cores] { return std::make_shared<pipeline::CorePlaces<WasmHostFilter>>(cores); }),
      .code = std::move(code),
      .trial = std::move(trial)};
  return prove(std::move(spec), context.pipeline + "/" + context.name, std::move(parts),
               context.stop);
}

// Code that a filter begins with has no code before it, and code that is put back is not judged.
std::shared_ptr<CodeTrial> WasmHostPrototype::continue_trial(const RunningCode& code,
                                                             const pipeline::FilterContext& context,
                                                             unsigned core_count) {
  const std::string& sha256 = code.sha256();
  const pipeline::CodeRecord* record = context.record;
  const bool replaces = record != nullptr && !record->sha256.empty() && record->sha256 != sha256;
  const bool goes_on = record != nullptr && record->sha256 == sha256 && record->on_trial;
  const bool changed = context.states.changed(kTried, sha256);
  const bool judged = code.rolled_back_from().empty() && (changed || replaces || goes_on);
  return context.states.keep(
      kTrial, sha256, [&] { return std::make_shared<CodeTrial>(sha256, judged, core_count); });
}

Result<std::shared_ptr<const WasmHostPrototype>> WasmHostPrototype::prove(
    WasmHostSpec spec, std::string ns, WasmHostParts parts, const std::stop_token& stop) {
  const auto code = parts.code.code;
  const WasmEnvironment& environment = *parts.environment;
  unsigned count = 0;
  for (unsigned core = 0; core < environment.core_count; ++core)
    count += filters::share_of(spec.max_concurrency, core, environment.core_count);
  SLUICE_TRY(auto reservation, environment.guests->reserve(ns, count));
  SLUICE_CHECK(check_memory(code->module()->module(), spec.max_memory));
  if (parses_dates(*code)) load_time_zones();
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
  if (recipe.script) SLUICE_CHECK(wasm::run_here(recipe.take_snapshot(wasm::Pace(stop))));
  parts.recipe = std::make_shared<const Recipe>(std::move(recipe));
  parts.on_trial = spec.rollback && parts.trial->is_judged();
  std::shared_ptr<WasmHostPrototype> made(
      new WasmHostPrototype(std::move(spec), std::move(parts), std::move(reservation)));
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
    SLUICE_TRY(auto guest, wasm::run_here(parts_.recipe->make(wasm::Pace(stop))));
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
  SLUICE_TRY(auto code, renew_code(parts_.code, spec_.source(), inputs, *parts_.environment));
  if (!code.code) return nullptr;
  const auto renewed = code.code;
  const std::string& sha256 = renewed->sha256();
  const bool judged = sha256 != this->code().sha256();
  const auto trial = std::make_shared<CodeTrial>(sha256, judged, parts_.environment->core_count);
  WasmHostParts parts = parts_;
  parts.code = std::move(code);
  parts.trial = trial;
  SLUICE_TRY(auto made, prove(spec_, parts_.recipe->name, std::move(parts), inputs.stop));
  (void)states.changed(kTried, sha256);
  states.put(kTrial, sha256, trial);
  put_code(states, spec_.source(), renewed);
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

std::string WasmHostPrototype::note() const {
  const std::string trouble = parts_.trial->trouble();
  const std::string note = code().note(parts_.code.refused);
  return trouble + (trouble.empty() || note.empty() ? "" : "; ") + note;
}

pipeline::TrialState WasmHostPrototype::trial_state() const {
  return parts_.on_trial ? parts_.trial->state(*spec_.rollback) : pipeline::TrialState::none;
}

void WasmHostPrototype::set_trial_trouble(const std::string& trouble) const {
  parts_.trial->set_trouble(trouble);
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
  const std::string trouble = parts_.trial->trouble();
  if (!now || (now->left == Duration::zero() && trouble.empty())) return nullptr;
  return {{"runs", now->runs},
          {"failed", now->failed},
          {"secondsLeft", std::chrono::ceil<std::chrono::seconds>(now->left).count()},
          {"trouble", trouble}};
}

Json WasmHostPrototype::status() const {
  const auto& counters = parts_.statistics->counters;
  const auto sum = [&counters](observe::Cell WasmCounters::*cell) { return counters.sum(cell); };
  const auto data = parts_.environment->store.status(parts_.recipe->name);
  Json status = {
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
  };
  add_code_status(parts_.code, trial_status(), parts_.trial->trouble(), status);
  return status;
}

void WasmHostPrototype::expose(const pipeline::FilterPlace& place, observe::Exposition& out) const {
  const unsigned cores = parts_.environment->core_count;
  GuestBounds bounds{0, parts_.recipe->waiting_max * cores};
  for (unsigned core = 0; core < cores; ++core) bounds.guests_max += share_of(core);
  expose_guests(*parts_.statistics, bounds, place, out);
  expose_code(code(), place, out);
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
