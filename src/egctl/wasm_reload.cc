// SPDX-License-Identifier: Apache-2.0
#include "egctl/wasm_reload.h"

#include <nlohmann/json.hpp>

#include "egctl/json_text.h"

namespace sluice::egctl {
namespace {

std::string reload_line(const Json& one) {
  const std::string filter = text_at(one, "pipeline") + "/" + text_at(one, "filter") + ": ";
  const bool changed = one.value("changed", false);
  return filter + (changed ? "reloaded" : "unchanged") + " (sha256 " + text_at(one, "codeHash") +
         ")\n";
}

// Prints the filters that run. The error lists the refused ones.
Result<void> report(Invocation& invocation, const Json& reloaded) {
  std::vector<std::string> refusals;
  for (const Json& one : reloaded) {
    if (const std::string error = text_at(one, "error"); !error.empty()) {
      refusals.push_back(text_at(one, "pipeline") + "/" + text_at(one, "filter") + ": " + error);
    } else if (invocation.format() == Output::standard) {
      invocation.out << reload_line(one);
    }
  }
  if (invocation.format() != Output::standard) {
    invocation.print(reloaded);
  } else if (reloaded.empty()) {
    invocation.out << "there are no WasmHost filters, so there is no code to reload\n";
  }
  if (refusals.empty()) return {};
  return fail(ErrorKind::invalid, "code refused, what ran before goes on", std::move(refusals));
}

}  // namespace

Result<void> reload_code(Invocation& invocation) {
  SLUICE_TRY(const ApiClient client, invocation.client());
  SLUICE_TRY(const ApiReply reply, client.send({.method = "POST", .path = "/wasm/code"}));
  const Json body = Json::parse(reply.body, nullptr, false);
  if (!body.is_object() || !body.contains("reloaded") || !body["reloaded"].is_array()) {
    return failed("reload code", error_of(reply));
  }
  return report(invocation, body["reloaded"]);
}

void add_wasm_reload(Command wasm, Invocation& invocation) {
  const Command command = wasm.add("reload-code", "Read the code of all WasmHost filters again");
  command.footer(
      "Code that does not load is refused: the old code goes on, and the exit code is 1.");
  set_action(command, invocation, reload_code);
}

}  // namespace sluice::egctl
