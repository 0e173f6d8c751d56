// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/recipe.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "filters/wasm_host/abi.h"
#include "filters/wasm_host/host_context.h"
#include "filters/wasm_host/marshal.h"

namespace sluice::filters {
namespace {

constexpr std::uint32_t kLinesPerSecond = 20;
// A guest serves many requests, so a busy machine must not make its creation fail.
constexpr Duration kMakingMin = std::chrono::seconds(2);

std::string encode(const std::map<std::string, std::string>& parameters) {
  std::vector<std::string> list;
  for (const auto& [key, value] : parameters) {
    list.push_back(key);
    list.push_back(value);
  }
  return encode_strings(list);
}

Result<void> write_at(wasm::Instance& instance, std::uint32_t address, const std::string& bytes) {
  if (address == 0) return fail(ErrorKind::invalid, "wasm_alloc returned 0");
  SLUICE_TRY(const auto place, instance.memory().at(address, bytes.size()));
  std::memcpy(place.data(), bytes.data(), bytes.size());
  return {};
}

std::unexpected<Error> explain(const char* what, Error error, Duration limit,
                               const std::string& words = {}) {
  if (error.kind == ErrorKind::timed_out) error.message += " after " + format_duration(limit);
  error.message = wasm::failed_text(what, error.message, words);
  return std::unexpected(std::move(error));
}

}  // namespace

Task<Result<std::unique_ptr<wasm::Instance>>> Recipe::make(wasm::Pace pace) const {
  const Duration limit = std::max(timeout, kMakingMin);
  const TimePoint deadline = Clock::now() + limit;
  LogGate gate(kLinesPerSecond);
  std::mt19937_64 random(std::random_device{}());
  HostContext context(logger, gate, random);

  // A named variable: GCC 12 destroys aggregates in a co_await expression twice.
  wasm::InstanceOptions options{
      .memory_bytes_max = memory_bytes_max, .logger = logger, .name = name, .context = &context};
  auto made = co_await wasm::Instance::create(module, std::move(options), pace, deadline);
  if (!made) co_return explain("making a guest", made.error(), limit);
  wasm::Instance& instance = **made;
  if (instance.has(kGuestInit)) {
    const std::string bytes = encode(parameters);
    const auto address = co_await instance.call(kGuestAlloc, pace, deadline,
                                                static_cast<std::uint32_t>(bytes.size()));
    if (!address)
      co_return explain("wasm_alloc for the parameters", address.error(), limit, instance.words());
    const auto written = write_at(instance, *address, bytes);
    if (!written) co_return explain("handing over the parameters", written.error(), limit);
    const auto done = co_await instance.call(kGuestInit, pace, deadline, *address);
    context.flush_logs(name);
    if (!done) co_return explain("wasm_init", done.error(), limit, instance.words());
  }
  instance.set_context(nullptr);
  co_return std::move(made);
}

}  // namespace sluice::filters
