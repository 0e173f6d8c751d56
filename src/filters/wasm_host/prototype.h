// SPDX-License-Identifier: Apache-2.0
// A proved WasmHost filter: its code is compiled, its guests are made and have run wasm_init. The
// guests wait here until each core fetches its share.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "filters/wasm_host/filter.h"
#include "filters/wasm_host/spec.h"
#include "pipeline/filter.h"

namespace sluice::filters {

class WasmHostPrototype final : public pipeline::FilterPrototype {
 public:
  // Blocks: loads, compiles, makes all guests. `previous` (may be null) lends its compiled module,
  // if the code is the same, and its statistics.
  [[nodiscard]] static Result<std::shared_ptr<const WasmHostPrototype>> create(
      WasmHostSpec spec, std::string ns, std::shared_ptr<const WasmEnvironment> environment,
      const WasmHostPrototype* previous);

  [[nodiscard]] Json spec() const override;
  [[nodiscard]] Json status() const override;
  [[nodiscard]] std::unique_ptr<pipeline::Filter> instantiate(
      const loop::Core& core, pipeline::Filter* previous) const override;
  [[nodiscard]] Result<std::shared_ptr<const pipeline::FilterPrototype>> reload() const override;
  [[nodiscard]] bool has_shared_data() const override { return true; }

 private:
  using Guests = std::vector<std::unique_ptr<wasm::Instance>>;

  WasmHostPrototype(WasmHostSpec spec, WasmHostParts parts);
  [[nodiscard]] static Result<std::shared_ptr<const WasmHostPrototype>> prove(
      WasmHostSpec spec, std::string ns, std::shared_ptr<const WasmEnvironment> environment,
      const WasmHostPrototype* previous, const std::string& code);
  [[nodiscard]] unsigned share_of(unsigned core) const;
  [[nodiscard]] Result<void> make_guests();
  [[nodiscard]] std::string health() const;

  WasmHostSpec spec_;
  WasmHostParts parts_;
  std::string loaded_at_;
  mutable std::mutex mutex_;            // of guests_
  mutable std::vector<Guests> guests_;  // per core, until fetched
};

}  // namespace sluice::filters
