// SPDX-License-Identifier: Apache-2.0
// RunningCode: the module that a filter runs, and its source. The module changes only on request:
// by another `code` in the spec, by reload-code, or by an upload. A restart or a change of other
// fields does not read the file or URL again, which may be missing, half-written or different by
// then.
//
// On a shared store the code is in the store as well (store/blobs.h). The member that reads it puts
// it there, and all members run it from there.
#pragma once

#include <memory>
#include <set>
#include <stop_token>
#include <string>

#include "base/json.h"
#include "base/mutex.h"
#include "base/result.h"
#include "filters/wasm_host/environment.h"
#include "filters/wasm_host/kept_code.h"
#include "filters/wasm_host/script.h"
#include "pipeline/with_code.h"
#include "wasm/linker.h"

namespace sluice::filters {

// Immutable but for its memory of the source file.
class RunningCode {
 public:
  // Reads `source` (WasmHostSpec::source), compiles and keeps it. Blocks; see load_code().
  [[nodiscard]] static Result<std::shared_ptr<const RunningCode>> read(
      const std::string& source, const WasmEnvironment& environment, const std::stop_token& stop);
  // The same of code that a user has sent, in place of what `source` holds. It runs until the next
  // reload-code.
  [[nodiscard]] static Result<std::shared_ptr<const RunningCode>> uploaded(
      const std::string& source, const std::string& bytes, const WasmEnvironment& environment);
  // Restores the code of a pin(): the kept code, on a shared store that in the store, else the
  // current content of `source`, which note() then reports. On a shared store, other content is an
  // error. Null if `pin` is null or belongs to another `source`.
  [[nodiscard]] static Result<std::shared_ptr<const RunningCode>> pinned(
      const std::string& source, const Json& pin, const WasmEnvironment& environment,
      const std::stop_token& stop);

  [[nodiscard]] const std::shared_ptr<const wasm::LinkedModule>& module() const { return module_; }
  // Null: the module is the program.
  [[nodiscard]] const std::shared_ptr<const Script>& script() const { return script_; }
  // Of the bytes that are kept: the module, or the document of the script.
  [[nodiscard]] const std::string& sha256() const { return sha256_; }
  [[nodiscard]] const std::string& loaded_at() const { return loaded_at_; }  // RFC 3339
  [[nodiscard]] bool is_uploaded() const { return uploaded_; }
  // The hash of the code in whose place this one was put; "": it is none of a rollback.
  [[nodiscard]] const std::string& rolled_back_from() const { return rolled_back_from_; }
  [[nodiscard]] pipeline::CodeFacts facts() const;
  // The input of pinned(), to be stored: {"source", "sha256", "loadedAt"}, and "uploaded": true of
  // uploaded code, "rolledBackFrom" and "why" of a rollback. Secrets in `source`, such as a
  // password, are left out.
  [[nodiscard]] Json pin() const;
  // True if `pin` is of other code of the same source, and `code`, which the source still holds,
  // was rolled back: it is among `refused`, or the pin says so.
  [[nodiscard]] static bool refuses(const Json& pin, const RunningCode& code,
                                    const std::set<std::string>& refused);
  // On a shared store: makes sure that the store has the code. Else does nothing. Blocks.
  [[nodiscard]] Result<void> share(const WasmEnvironment& environment) const;
  // "" or how the running code differs from the source file, and why a restart might not find it.
  // Reads the file if it has changed; does not fetch a URL. Uploaded code differs on purpose.
  // `refused`: hashes of code that reload-code leaves out.
  [[nodiscard]] std::string note(const std::set<std::string>& refused = {}) const;

 private:
  RunningCode(std::string source, std::string loaded_at);
  // Compiles, keeps and shares it.
  [[nodiscard]] static Result<std::shared_ptr<RunningCode>> take_in(
      const std::string& source, const std::string& bytes, const WasmEnvironment& environment);
  [[nodiscard]] static Result<std::string> load(const std::string& sha256,
                                                const WasmEnvironment& environment);
  [[nodiscard]] static Result<std::shared_ptr<const RunningCode>> read_again(
      const std::string& source, const std::string& sha256, const std::string& trouble,
      const WasmEnvironment& environment, const std::stop_token& stop);
  [[nodiscard]] static Result<std::shared_ptr<RunningCode>> compile(
      const std::string& source, const std::string& bytes, std::string loaded_at,
      const WasmEnvironment& environment);
  [[nodiscard]] std::string compare(const std::string& path,
                                    const std::set<std::string>& refused) const;
  [[nodiscard]] std::string rollback_note() const;

  std::string source_;
  std::shared_ptr<const wasm::LinkedModule> module_;
  std::shared_ptr<const Script> script_;
  std::string sha256_;
  std::string loaded_at_;
  KeptCode::Hold kept_;
  std::string trouble_;
  bool uploaded_ = false;
  std::string rolled_back_from_;
  std::string why_;  // of the rollback
  std::uint64_t bytes_ = 0;
  bool shared_ = false;  // the store has it for all members, which need no file
  mutable Mutex mutex_;
  mutable std::string seen_ SLUICE_GUARDED_BY(mutex_);  // fingerprint of the file at the last look
  mutable std::string said_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::filters
