// SPDX-License-Identifier: Apache-2.0
// GuestRecipe: makes the guests of a filter: instantiates the module, and hands it the
// configurations of VM and filter. PluginGuest: one of them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "filters/proxy_wasm/exports.h"
#include "filters/proxy_wasm/plugin.h"
#include "wasm/instance.h"
#include "wasm/linked_module.h"

namespace sluice::filters::proxy_wasm {

// The instance is destroyed first, because its host functions use the plugin.
struct PluginGuest {
  std::unique_ptr<Plugin> plugin;
  std::unique_ptr<wasm::Instance> instance;
};

// Immutable; shared by the cores.
struct GuestRecipe {
  std::shared_ptr<const PluginSetup> setup;
  std::shared_ptr<const wasm::LinkedModule> module;
  std::uint64_t memory_bytes_max;
  Duration timeout;    // of one callback; the making of a guest has at least 2 s
  Duration pause_max;  // of a request or a response
  std::uint64_t body_bytes_max;

  // Errors: those of Instance::create, with the step that failed, and the refusal of a
  // configuration.
  [[nodiscard]] Task<Result<std::unique_ptr<PluginGuest>>> make(wasm::Pace pace) const;
  [[nodiscard]] bool has(const wasm::GuestExport& function) const;
};

// The reason, and what the guest has said before.
[[nodiscard]] std::string with_words(const std::string& reason, const std::string& words);

}  // namespace sluice::filters::proxy_wasm
