// SPDX-License-Identifier: Apache-2.0
// The code that a filter runs, and the part of its status about that, for the kinds of filters that
// keep code as RunningCode. A kind that does the same by itself forgets a rule: code that was
// rolled back stays out until somebody asks for it.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "filters/wasm_host/environment.h"
#include "filters/wasm_host/running_code.h"
#include "pipeline/filter.h"

namespace sluice::filters {

// The code of a filter in force.
struct CodeInForce {
  std::shared_ptr<const RunningCode> code;
  // Hashes of code that was rolled back, and that reload-code leaves out.
  std::set<std::string> refused{};
};

// For a build: the code in force, or that of the pin, or what `source` holds. `pins`: the kind in
// the pins of these filters (pins.h). Blocks.
[[nodiscard]] Result<CodeInForce> choose_code(const std::string& source,
                                              const pipeline::FilterContext& context,
                                              const WasmEnvironment& environment,
                                              std::string_view pins);
// For a reload: the code sent, or what `source` holds. `code` of the result is null if what is in
// force stays; a reason that the user does not know goes to `inputs.remark`. Blocks.
[[nodiscard]] Result<CodeInForce> renew_code(const CodeInForce& now, const std::string& source,
                                             const pipeline::ReloadInputs& inputs,
                                             const WasmEnvironment& environment);
// The code of the new generation, for the builds after it.
void put_code(const pipeline::StateScope& states, const std::string& source,
              const std::shared_ptr<const RunningCode>& code);

// "" or a remark on uploaded code (pipeline::RunsOtherCode).
[[nodiscard]] std::string remark_on_upload(const RunningCode& code);
// Adds codeHash, loadedAt, codeSource, codeNote, rolledBackFrom and trial. `trouble`: "" or what
// has become of its trial.
void add_code_status(const CodeInForce& now, const Json& trial, const std::string& trouble,
                     Json& status);

}  // namespace sluice::filters
