// SPDX-License-Identifier: Apache-2.0
#include "egctl/commands.h"

namespace sluice::egctl {

void add_wasm(CLI::App& root, Session& session) {
  CLI::App* wasm = root.add_subcommand("wasm", "Guest code and shared data of WasmHost filters");
  wasm->require_subcommand(1);
  add_wasm_reload(*wasm, session);
  add_wasm_data(*wasm, session);
}

}  // namespace sluice::egctl
