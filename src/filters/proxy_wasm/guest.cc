// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy_wasm/guest.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace sluice::filters::proxy_wasm {
namespace {

constexpr Duration kGuestMakingMin = std::chrono::seconds(2);

// The steps of one making.
class GuestMaking {
 public:
  GuestMaking(const GuestRecipe& recipe, wasm::Pace pace)
      : recipe_(recipe),
        pace_(pace),
        limit_(std::max(recipe.timeout, kGuestMakingMin)),
        deadline_(Clock::now() + limit_) {}

  Task<Result<std::unique_ptr<PluginGuest>>> run() {
    SLUICE_CO_CHECK(co_await create());
    wasm::Instance& instance = *guest_->instance;
    const bool has_main = instance.has(kGuestMain) && recipe_.has(kInitialize);
    if (has_main) SLUICE_CO_CHECK(co_await step(kGuestMain, 0, 0));
    SLUICE_CO_CHECK(co_await step(kOnContextCreate, kRootContext, 0));
    const PluginSetup& setup = *recipe_.setup;
    const auto vm_size = static_cast<U32>(setup.vm_configuration.size());
    SLUICE_CO_CHECK(co_await agree(kOnVmStart, vm_size));
    guest_->plugin->vm_starting = false;
    const auto size = static_cast<U32>(setup.configuration.size());
    SLUICE_CO_CHECK(co_await agree(kOnConfigure, size));
    co_return std::move(guest_);
  }

 private:
  // Of no type that the host calls.
  static constexpr wasm::GuestExport kInitialize{0, "_initialize", "", "", false};

  Task<Result<void>> create() {
    const wasm::Module& module = recipe_.module->module();
    guest_ = std::make_unique<PluginGuest>();
    guest_->plugin = std::make_unique<Plugin>(recipe_.setup);
    guest_->plugin->uses_malloc = module.find_export(kGuestAllocate.name) == nullptr;
    guest_->plugin->old_abi = module.find_export("proxy_abi_version_0_1_0") != nullptr;
    wasm::InstanceOptions options{.memory_bytes_max = recipe_.memory_bytes_max,
                                  .logger = recipe_.setup->logger,
                                  .name = recipe_.setup->name,
                                  .context = guest_->plugin.get()};
    auto made =
        co_await wasm::Instance::create(recipe_.module, std::move(options), pace_, deadline_);
    if (!made) co_return explain("making a guest", made.error(), "");
    guest_->instance = *std::move(made);
    co_return Result<void>();
  }

  template <class R>
  Task<Result<void>> step(wasm::GuestFunction<R(U32, U32)> function, U32 first, U32 second) {
    if (!guest_->instance->has(function)) co_return Result<void>();
    auto call = guest_->instance->call(function, pace_, deadline_, first, second);
    const auto done = co_await std::move(call);
    if (!done) co_return explain(function.name, done.error(), guest_->instance->words());
    co_return Result<void>();
  }

  Task<Result<void>> agree(wasm::GuestFunction<U32(U32, U32)> function, U32 size) {
    if (!guest_->instance->has(function)) co_return Result<void>();
    auto call = guest_->instance->call(function, pace_, deadline_, kRootContext, size);
    const auto agreed = co_await std::move(call);
    if (!agreed) co_return explain(function.name, agreed.error(), guest_->instance->words());
    if (*agreed != 0) co_return Result<void>();
    co_return fail(ErrorKind::invalid, with_words(std::string(function.name) + " returned false",
                                                  guest_->instance->words()));
  }

  [[nodiscard]] std::unexpected<Error> explain(std::string_view what, Error error,
                                               const std::string& words) const {
    if (error.kind == ErrorKind::timed_out) error.message += " after " + format_duration(limit_);
    error.message = wasm::failed_text(what, error.message, words);
    return std::unexpected(std::move(error));
  }

  const GuestRecipe& recipe_;
  wasm::Pace pace_;
  Duration limit_;
  TimePoint deadline_;
  std::unique_ptr<PluginGuest> guest_;
};

}  // namespace

Task<Result<std::unique_ptr<PluginGuest>>> GuestRecipe::make(wasm::Pace pace) const {
  GuestMaking making(*this, pace);
  auto steps = making.run();
  co_return co_await std::move(steps);
}

bool GuestRecipe::has(const wasm::GuestExport& function) const {
  const wasm::Export* found = module->module().find_export(function.name);
  return found != nullptr && found->signature.params == function.params &&
         found->signature.results == function.result;
}

std::string with_words(const std::string& reason, const std::string& words) {
  return words.empty() ? reason : reason + "; the guest said: " + words;
}

}  // namespace sluice::filters::proxy_wasm
