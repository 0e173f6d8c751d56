// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/recipe.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/seeded_generator.h"
#include "filters/wasm_host/abi.h"
#include "filters/wasm_host/host_context.h"
#include "filters/wasm_host/marshal.h"

namespace sluice::filters {
namespace {

constexpr std::uint32_t kLinesPerSecond = 20;
// A guest serves many requests, so a busy machine must not make its creation fail.
constexpr Duration kMakingMin = std::chrono::seconds(2);
// And a script must say where it is.
constexpr Duration kScriptLateMax = std::chrono::seconds(1);

// Names and values in turn.
std::vector<std::string> list_of(const std::map<std::string, std::string>& parameters) {
  std::vector<std::string> list;
  for (const auto& [key, value] : parameters) {
    list.push_back(key);
    list.push_back(value);
  }
  return list;
}

Result<void> write_at(wasm::Instance& instance, std::uint32_t address, const std::string& bytes) {
  if (address == 0) return fail(ErrorKind::invalid, "wasm_alloc returned 0");
  SLUICE_TRY(const auto place, instance.memory().at(address, bytes.size()));
  std::memcpy(place.data(), bytes.data(), bytes.size());
  return {};
}

std::unexpected<Error> explain(std::string_view what, Error error, Duration limit,
                               const std::string& words = {}) {
  if (error.kind == ErrorKind::timed_out) error.message += " after " + format_duration(limit);
  error.message = wasm::failed_text(what, error.message, words);
  return std::unexpected(std::move(error));
}

}  // namespace

struct Recipe::Making {
  Making(const Recipe& recipe, wasm::Pace its_pace)
      : pace(its_pace),
        limit(std::max(recipe.timeout, kMakingMin)),
        deadline(Clock::now() + limit + (recipe.script ? kScriptLateMax : Duration())),
        gate(kLinesPerSecond),
        random(seeded_generator()),
        parameters(recipe.parameters),
        context(recipe.logger, gate, random, &parameters) {
    context.begin_call(Clock::now() + limit, limit);
  }

  wasm::Pace pace;
  Duration limit;
  TimePoint deadline;
  LogGate gate;
  std::mt19937_64 random;
  DeclaredParameters parameters;
  HostContext context;
  std::unique_ptr<wasm::Instance> guest{};  // destroyed first: it uses the context
};

Task<Result<void>> Recipe::give(Making& making, wasm::GuestFunction<void(std::uint32_t)> function,
                                const std::string& bytes, std::string_view what) const {
  wasm::Instance& guest = *making.guest;
  const std::string given(what);
  const auto address = co_await guest.call(kGuestAlloc, making.pace, making.deadline,
                                           static_cast<std::uint32_t>(bytes.size()));
  if (!address)
    co_return explain("wasm_alloc for the " + given, address.error(), making.limit, guest.words());
  const auto written = write_at(guest, *address, bytes);
  if (!written) co_return explain("handing over the " + given, written.error(), making.limit);
  const auto done = co_await guest.call(function, making.pace, making.deadline, *address);
  making.context.flush_logs(name);
  if (!done) co_return explain(function.name, done.error(), making.limit, guest.words());
  if (const auto& failure = making.context.failure()) {
    std::string text = failure->text;
    if (failure->time_is_over)
      text = "timed out after " + format_duration(making.limit) + ": " + text;
    co_return fail(ErrorKind::invalid, std::move(text));
  }
  co_return Result<void>();
}

Task<Result<void>> Recipe::configure(Making& making) const {
  wasm::Instance& guest = *making.guest;
  const auto done = co_await guest.configure(list_of(parameters), making.pace, making.deadline);
  making.context.flush_logs(name);
  if (!done) co_return explain("configure", done.error(), making.limit, guest.words());
  co_return Result<void>();
}

Task<Result<void>> Recipe::set_up(Making& making) const {
  wasm::Instance& guest = *making.guest;
  if (guest.is_component()) {
    SLUICE_CO_CHECK(co_await configure(making));
    co_return making.parameters.check();
  }
  if (script) {
    const std::vector<std::string> texts{script->name, script->text};
    const std::string bytes = encode_strings(texts);
    SLUICE_CO_CHECK(co_await give(making, kGuestScript, bytes, "script"));
  }
  if (guest.has(kGuestInit)) {
    const std::string bytes = encode_strings(list_of(parameters));
    SLUICE_CO_CHECK(co_await give(making, kGuestInit, bytes, "parameters"));
  }
  co_return making.parameters.check();
}

Task<Result<std::unique_ptr<wasm::Instance>>> Recipe::make(wasm::Pace pace) const {
  Making making(*this, pace);
  // A named variable: GCC 12 destroys aggregates in a co_await expression twice.
  wasm::InstanceOptions options{.memory_bytes_max = memory_bytes_max,
                                .logger = logger,
                                .name = name,
                                .context = &making.context};
  auto made = co_await wasm::Instance::create(module, std::move(options), pace, making.deadline);
  if (!made) co_return explain("making a guest", made.error(), making.limit);
  making.guest = std::move(*made);
  if (snapshot) {
    SLUICE_CO_CHECK(co_await making.guest->restore(*snapshot, pace));
  } else {
    SLUICE_CO_CHECK(co_await set_up(making));
  }
  making.guest->set_context(nullptr);
  co_return std::move(making.guest);
}

Task<Result<void>> Recipe::take_snapshot(wasm::Pace pace) {
  Making making(*this, pace);
  wasm::InstanceOptions options{.memory_bytes_max = memory_bytes_max,
                                .logger = logger,
                                .name = name,
                                .context = &making.context};
  auto made = co_await wasm::Instance::create(module, std::move(options), pace, making.deadline);
  if (!made) co_return explain("making a guest", made.error(), making.limit);
  making.guest = std::move(*made);
  const wasm::GuestMemory memory = making.guest->memory();
  SLUICE_CO_TRY(const auto now, memory.at(0, memory.size()));
  const std::string before(now.data(), now.size());
  SLUICE_CO_CHECK(co_await set_up(making));
  snapshot = std::make_shared<const wasm::Snapshot>(making.guest->snapshot(before));
  co_return Result<void>();
}

}  // namespace sluice::filters
