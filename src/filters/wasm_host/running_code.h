// SPDX-License-Identifier: Apache-2.0
// RunningCode: the module that a filter runs, and where it came from. It changes when it is said so
// (another `code` in the spec, or reload-code): neither a restart nor a change of other fields
// reads the file or URL again, so that it may be missing, half-written or another one by then.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "base/json.h"
#include "base/mutex.h"
#include "base/result.h"
#include "filters/wasm_host/environment.h"
#include "filters/wasm_host/kept_code.h"
#include "wasm/linker.h"

namespace sluice::filters {

// Immutable but for what it remembers of the source file.
class RunningCode {
 public:
  // Reads `source` (a spec's `code`), compiles and keeps it. Blocks; see load_code().
  [[nodiscard]] static Result<std::shared_ptr<const RunningCode>> read(
      const std::string& source, const WasmEnvironment& environment, const std::stop_token& stop);
  // What pin() said: the kept code, else what `source` holds now, with a trouble() that says so.
  // Null if the pin is of another `source`, or none.
  [[nodiscard]] static Result<std::shared_ptr<const RunningCode>> pinned(
      const std::string& source, const Json& pin, const WasmEnvironment& environment,
      const std::stop_token& stop);

  [[nodiscard]] const std::shared_ptr<const wasm::LinkedModule>& module() const { return module_; }
  [[nodiscard]] const std::string& sha256() const { return module_->module().sha256(); }
  [[nodiscard]] const std::string& loaded_at() const { return loaded_at_; }  // RFC 3339
  [[nodiscard]] bool is_of(const std::string& source) const { return source_ == source; }
  // For pinned(), to be stored: {"source", "sha256", "loadedAt"}; without what `source` may hold,
  // such as a password.
  [[nodiscard]] Json pin() const;
  // "" or how what runs differs from what the source file holds now, and why a restart might not
  // find it. Reads the file if it has changed; a URL is not asked.
  [[nodiscard]] std::string note() const;

 private:
  RunningCode(std::string source, std::shared_ptr<const wasm::LinkedModule> module,
              std::string loaded_at);
  [[nodiscard]] static Result<std::shared_ptr<RunningCode>> compile(
      const std::string& source, const std::string& bytes, std::string loaded_at,
      const WasmEnvironment& environment);
  [[nodiscard]] std::string compare(const std::string& path) const;

  std::string source_;
  std::shared_ptr<const wasm::LinkedModule> module_;
  std::string loaded_at_;
  KeptCode::Hold kept_;
  std::string trouble_;
  mutable Mutex mutex_;
  mutable std::string seen_ SLUICE_GUARDED_BY(mutex_);  // of the file, at the last look
  mutable std::string said_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::filters
