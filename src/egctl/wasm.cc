// SPDX-License-Identifier: Apache-2.0
#include "egctl/commands.h"

namespace sluice::egctl {

void add_wasm(Command root, Session& session) {
  const Command wasm = root.add("wasm", "Guest code and shared data of WasmHost filters");
  wasm.require_command();
  add_wasm_reload(wasm, session);
  add_wasm_data(wasm, session);
}

}  // namespace sluice::egctl
