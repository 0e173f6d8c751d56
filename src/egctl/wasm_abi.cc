// SPDX-License-Identifier: Apache-2.0
#include "egctl/wasm_abi.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "egctl/json_text.h"
#include "filters/proxy_wasm/abi.h"
#include "filters/wasm_host/abi.h"
#include "wasm/guest_runtime.h"
#include "wasm/module.h"

namespace sluice::egctl {
namespace {

constexpr const char* kHostKind = "WasmHost";
constexpr const char* kPluginKind = "ProxyWasm";

std::string fault_of_kind(const std::string& text) {
  return text == kHostKind || text == kPluginKind ? "" : "must be WasmHost or ProxyWasm";
}

std::string signature_text(std::string_view params, std::string_view result) {
  return to_string(wasm::Signature{std::string(params), std::string(result)});
}

std::string wit_type(char letter) {
  switch (letter) {
    case 't':
      return "list<u8>";
    case 'a':
      return "list<list<u8>>";
    case 'i':
      return "s32";
    case 'u':
      return "u32";
    case 'I':
      return "s64";
    default:
      return "f64";
  }
}

std::string wit_text(const wasm::WitImport& import) {
  const std::size_t arrow = import.shape.find('>');
  std::string text = std::string(import.interface) + "." + std::string(import.name) + ": func(";
  for (std::size_t i = 0; i < arrow; ++i) text += (i == 0 ? "" : ", ") + wit_type(import.shape[i]);
  text += ")";
  for (const char letter : import.shape.substr(arrow + 1)) text += " -> " + wit_type(letter);
  return text;
}

// What a component imports in place of `function`; "" if there is nothing.
std::string component_form(const wasm::Abi& abi, std::string_view function) {
  if (abi.world == nullptr) return "";
  for (const wasm::WitImport& import : abi.world->imports) {
    if (import.function == function) return wit_text(import);
  }
  return "";
}

// The functions of the ABI come first: they hide those of the runtimes that have their names.
Json imports_of(const wasm::Abi& abi) {
  std::vector<wasm::ImportModule> modules(abi.modules.begin(), abi.modules.end());
  const auto runtimes = wasm::runtime_modules();
  modules.insert(modules.end(), runtimes.begin(), runtimes.end());
  std::set<std::pair<std::string_view, std::string_view>> seen;
  Json list = Json::array();
  for (const wasm::ImportModule& module : modules) {
    for (const wasm::HostFunction& function : module.functions) {
      if (!seen.emplace(module.name, function.name).second) continue;
      list.push_back({{"module", module.name},
                      {"name", function.name},
                      {"signature", signature_text(function.params, function.result)}});
      const std::string form = component_form(abi, function.name);
      if (!form.empty()) list.back()["component"] = form;
    }
  }
  return list;
}

Json exports_of(const wasm::Abi& abi) {
  Json list = Json::array();
  for (const wasm::GuestExport& function : abi.guest) {
    list.push_back({{"name", function.name},
                    {"signature", signature_text(function.params, function.result)},
                    {"required", function.required}});
  }
  return list;
}

Result<void> print_abi(const Invocation& invocation, const std::string& kind) {
  const wasm::Abi& abi =
      kind == kPluginKind ? filters::proxy_wasm::abi() : filters::easegress_abi();
  const Json report = {{"imports", imports_of(abi)}, {"exports", exports_of(abi)}};
  std::vector<Row> rows{{"DIRECTION", "MODULE", "FUNCTION", "SIGNATURE"}};
  for (const Json& each : report["imports"]) {
    rows.push_back(
        {"import", text_at(each, "module"), text_at(each, "name"), text_at(each, "signature")});
  }
  for (const Json& each : report["exports"])
    rows.push_back({"export", "", text_at(each, "name"), text_at(each, "signature")});
  invocation.print_or(report, invocation.table(std::move(rows)));
  return {};
}

}  // namespace

void add_wasm_abi(Command wasm, Invocation& invocation) {
  const Command command =
      wasm.add("abi", "List the functions that a program may import, and those that it exports");
  const auto kind = std::make_shared<std::string>(kHostKind);
  command.option("--kind", *kind, "kind of filter: WasmHost or ProxyWasm")
      .check(fault_of_kind)
      .show_default();
  command.footer(
      "Needs no server. With -o json or yaml, a function that components import, too, has its "
      "form\n"
      "there as `component`.\n"
      "Example:\n  egctl wasm abi --kind ProxyWasm");
  set_action(command, invocation, [kind](Invocation& s) { return print_abi(s, *kind); });
}

}  // namespace sluice::egctl
