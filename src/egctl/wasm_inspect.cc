// SPDX-License-Identifier: Apache-2.0
#include "egctl/wasm_inspect.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "base/encoding.h"
#include "egctl/files.h"
#include "egctl/guest/guest_host.h"
#include "egctl/json_text.h"

namespace sluice::egctl {
namespace {

constexpr const char* kProxyWasm = "proxy-wasm";

struct Inspected {
  std::string file;
  std::string language;
};

// The interface for which a module is built, by what it imports and exports.
std::string abi_of(const Json& module) {
  std::set<std::string> modules;
  for (const Json& each : module["imports"]) modules.insert(text_at(each, "module"));
  std::set<std::string> exported;
  for (const Json& each : module["exports"]) exported.insert(text_at(each, "name"));
  if (exported.contains("wasm_run") || modules.contains("easegress")) return "easegress";
  const auto marks = [](const std::string& name) { return name.starts_with("proxy_abi_version_"); };
  if (std::ranges::any_of(exported, marks) || exported.contains("proxy_on_context_create"))
    return kProxyWasm;
  if (exported.contains("_start") && modules.contains("wasi_snapshot_preview1"))
    return "WASI command";
  return "unknown";
}

// Standard input was read by guest_of().
Result<std::string> bytes_of(const GuestSpec& spec, const std::string& file) {
  if (file != "-") return read_input(file);
  return spec.script.empty() ? base64_decode(spec.code).value_or("") : spec.script;
}

Json inspect_module(const GuestHost& host, const std::string& bytes) {
  Json report = {{"sizeBytes", bytes.size()}, {"sha256", sha256_hex(bytes)}};
  std::string fault;
  Json module = host.describe(bytes, fault);
  if (module.is_null()) return report;
  report["abi"] = abi_of(module);
  report.update(module);
  return report;
}

std::string inspection_text(const Json& report) {
  std::vector<Row> rows;
  const auto row = [&](const char* name, const std::string& value) {
    rows.push_back({name, value});
  };
  row("file", text_at(report, "file"));
  if (report.contains("language")) row("language", text_at(report, "language"));
  row("size", std::to_string(report["sizeBytes"].get<std::uint64_t>()) + " bytes");
  row("sha256", text_at(report, "sha256"));
  if (report.contains("abi")) {
    row("abi", text_at(report, "abi"));
    row("memory",
        std::to_string(report["memoryBytes"].get<std::uint64_t>() >> 10) + " KiB at the start");
    for (const Json& each : report["imports"])
      row("import", text_at(each, "module") + "." + text_at(each, "name"));
    for (const Json& each : report["exports"]) {
      const std::string signature = text_at(each, "signature");
      row("export",
          text_at(each, "name") + ": " + (signature.empty() ? text_at(each, "kind") : signature));
    }
  }
  row("accepted", report["accepted"].get<bool>() ? "yes, as " + text_at(report, "kind") : "no");
  return format_table(rows);
}

Result<void> inspect_program(Invocation& invocation, const Inspected& inspected) {
  SLUICE_TRY(const GuestSpec spec, guest_of(inspected.file, inspected.language));
  SLUICE_TRY(const std::string bytes, bytes_of(spec, inspected.file));
  SLUICE_TRY(const auto host, GuestHost::open());
  const bool script = !spec.script.empty();
  Json report = script ? Json{{"sizeBytes", bytes.size()}, {"sha256", sha256_hex(bytes)}}
                       : inspect_module(*host, bytes);
  if (script) report["language"] = spec.code.substr(spec.code.find(':') + 1);
  report["file"] = inspected.file;
  const bool plugin = text_at(report, "abi") == kProxyWasm;
  report["kind"] = plugin ? "ProxyWasm" : "WasmHost";
  const auto used = plugin ? host->use_plugin(spec) : host->use(spec);
  report["accepted"] = used.has_value();
  report["faults"] = used ? Json::array() : Json(used.error().details);
  invocation.print_or(report, inspection_text(report));
  if (used) return {};
  return fail(ErrorKind::invalid, inspected.file + " would be refused", used.error().details);
}

}  // namespace

void add_wasm_inspect(Command wasm, Invocation& invocation) {
  const Command command =
      wasm.add("inspect", "Say what a program imports and exports, and whether it is accepted");
  const auto inspected = std::make_shared<Inspected>();
  command.option("FILE", inspected->file, "a module, or a script (.js, .lua)").required();
  command.option("--language", inspected->language, "of a script whose name does not tell");
  command.footer(
      "Needs no server. A program that a WasmHost filter would refuse has exit code 1, with the\n"
      "reasons; a plugin for proxy-wasm is tried as a ProxyWasm. Its start runs, without\n"
      "parameters or a configuration.\n"
      "Example:\n  egctl wasm inspect build/optimized.wasm");
  set_action(command, invocation,
             [inspected](Invocation& s) { return inspect_program(s, *inspected); });
}

}  // namespace sluice::egctl
