// SPDX-License-Identifier: Apache-2.0
// `egctl wasm reload-code`, `egctl wasm upload`.
#pragma once

#include <string>

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_wasm_reload(Command wasm, Invocation& invocation);
void add_wasm_upload(Command wasm, Invocation& invocation);
struct Reloading {
  std::string pipeline{};  // with `filter`; both "": the code of all filters
  std::string filter{};
  bool force = false;  // in a cluster, members that can run the new code swap even if others cannot
};

// Reloads guest code and reports the outcome of each filter.
[[nodiscard]] Result<void> reload_code(Invocation& invocation, const Reloading& what = {});

// Reports the answer to a call that brings other code. `verb`: done to a filter that has changed.
[[nodiscard]] Result<void> report_code_answer(Invocation& invocation, const std::string& what,
                                              const std::string& verb, const ApiReply& reply);

}  // namespace sluice::egctl
