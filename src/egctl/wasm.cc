// SPDX-License-Identifier: Apache-2.0
#include "egctl/wasm.h"

#include "egctl/wasm_abi.h"
#include "egctl/wasm_cases.h"
#include "egctl/wasm_data.h"
#include "egctl/wasm_history.h"
#include "egctl/wasm_inspect.h"
#include "egctl/wasm_new.h"
#include "egctl/wasm_reload.h"
#include "egctl/wasm_run.h"
#include "egctl/wasm_watch.h"

namespace sluice::egctl {

void add_wasm(Command root, Invocation& invocation) {
  const Command wasm = root.add("wasm", "Code of filters, and shared data of WasmHost filters");
  wasm.require_command();
  add_wasm_reload(wasm, invocation);
  add_wasm_upload(wasm, invocation);
  add_wasm_history(wasm, invocation);
  add_wasm_rollback(wasm, invocation);
  add_wasm_data(wasm, invocation);
  add_wasm_watch(wasm, invocation);
  add_wasm_new(wasm, invocation);
  add_wasm_inspect(wasm, invocation);
  add_wasm_abi(wasm, invocation);
  add_wasm_run(wasm, invocation);
  add_wasm_test(wasm, invocation);
}

}  // namespace sluice::egctl
