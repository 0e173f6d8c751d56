// SPDX-License-Identifier: Apache-2.0
#include "egctl/wasm_inspect.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "egctl/files.h"
#include "egctl/guest/guest_host.h"
#include "egctl/json_text.h"
#include "egctl/wasm_run.h"
#include "wasm/preamble.h"

namespace sluice::egctl {
namespace {

constexpr const char* kProxyWasm = "proxy-wasm";
// Bounds of a module that is compiled and listed.
constexpr std::uint32_t kFunctionsMax = 50'000;
constexpr std::uint32_t kExportsMax = 10'000;

struct Inspected {
  std::string file;
  std::string language;
  std::vector<std::string> parameters;
  std::string configuration;
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
  if (module["component"] == true) {
    static constexpr std::string_view kWorld = "sluice:gateway/";
    const auto of_world = [](const std::string& name) { return name.starts_with(kWorld); };
    const bool ours = std::ranges::any_of(modules, of_world) || exported.contains("configure");
    return ours ? std::string(kWorld) + "filter" : "another component";
  }
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
    if (report.contains("memoryBytes")) {
      row("memory",
          std::to_string(report["memoryBytes"].get<std::uint64_t>() >> 10) + " KiB at the start");
    }
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

// Removes a LEB128 number of 32 bits from the front; nullopt: there is none.
std::optional<std::uint32_t> take_number(std::string_view& bytes) {
  constexpr unsigned kBits = 32;
  constexpr unsigned kBitsOfByte = 7;
  std::uint32_t value = 0;
  for (unsigned shift = 0; shift < kBits && !bytes.empty(); shift += kBitsOfByte) {
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<std::uint32_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

constexpr std::size_t kPreambleBytes = 8;

struct Section {
  char id;
  std::string_view bytes;
};

// Removes a section from the front; nullopt: there is none, and the compiler says what is wrong.
std::optional<Section> take_section(std::string_view& bytes) {
  if (bytes.empty()) return std::nullopt;
  Section section{bytes.front(), {}};
  bytes.remove_prefix(1);
  const auto size = take_number(bytes);
  if (!size || *size > bytes.size()) return std::nullopt;
  section.bytes = bytes.substr(0, *size);
  bytes.remove_prefix(*size);
  return section;
}

struct Counts {
  std::uint64_t functions = 0;
  std::uint64_t exports = 0;
};

void count_module(std::string_view bytes, Counts& counts) {
  constexpr char kFunctionSection = 3;
  constexpr char kExportSection = 7;
  while (auto section = take_section(bytes)) {
    if (section->id == kFunctionSection)
      counts.functions += take_number(section->bytes).value_or(0);
    if (section->id == kExportSection) counts.exports += take_number(section->bytes).value_or(0);
  }
}

// The modules of a component, and of those inside it, which have no more bytes than it has. Their
// exports are not listed.
Counts count_parts(std::string_view bytes) {
  constexpr char kModuleSection = 1;
  constexpr char kComponentSection = 4;
  Counts counts;
  const bool is_inner = wasm::is_component(bytes);
  std::vector<std::string_view> parts{bytes};
  while (!parts.empty()) {
    std::string_view part = parts.back();
    parts.pop_back();
    const bool component = wasm::is_component(part);
    if (part.size() < kPreambleBytes || !part.starts_with(std::string_view("\0asm", 4))) continue;
    part.remove_prefix(kPreambleBytes);
    if (!component) {
      count_module(part, counts);
      if (is_inner) counts.exports = 0;
      continue;
    }
    while (const auto section = take_section(part)) {
      if (section->id == kModuleSection || section->id == kComponentSection)
        parts.push_back(section->bytes);
    }
  }
  return counts;
}

// A program with more than this takes minutes.
Result<void> check_counts(std::string_view bytes) {
  const Counts counts = count_parts(bytes);
  if (counts.functions > kFunctionsMax)
    return fail(ErrorKind::invalid, "it has " + std::to_string(counts.functions) +
                                        " functions: inspect compiles at most " +
                                        std::to_string(kFunctionsMax));
  if (counts.exports > kExportsMax)
    return fail(ErrorKind::invalid, "it has " + std::to_string(counts.exports) +
                                        " exports: inspect lists at most " +
                                        std::to_string(kExportsMax));
  return {};
}

Result<void> inspect_program(Invocation& invocation, const Inspected& inspected) {
  SLUICE_TRY(GuestSpec spec, guest_of(inspected.file, inspected.language));
  SLUICE_TRY(spec.parameters, parameters_of(invocation, inspected.parameters));
  if (!inspected.configuration.empty()) {
    SLUICE_TRY(spec.configuration, read_input(inspected.configuration));
  }
  SLUICE_TRY(const std::string bytes, bytes_of(spec, inspected.file));
  if (auto counted = check_counts(bytes); !counted)
    return fail(ErrorKind::invalid, inspected.file + ": " + counted.error().message);
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
  command.option("--language", inspected->language, kScriptLanguageHelp);
  command.option("-p,--param", inspected->parameters, "a parameter for wasm_init: NAME=VALUE")
      .repeated();
  command.option("--configuration", inspected->configuration, "the configuration of a plugin")
      .type_name("FILE");
  command.footer(
      std::string("Needs no server. A program that a WasmHost filter would refuse has exit code 1, "
                  "with the\nreasons; a plugin for proxy-wasm is tried as a ProxyWasm. Its start "
                  "runs, with the\nparameters of -p, or the text of --configuration. A module of "
                  "more than ") +
      std::to_string(kFunctionsMax) + " functions or\n" + std::to_string(kExportsMax) +
      " exports is not compiled: exit code 1.\n"
      "Example:\n  egctl wasm inspect build/optimized.wasm");
  set_action(command, invocation,
             [inspected](Invocation& s) { return inspect_program(s, *inspected); });
}

}  // namespace sluice::egctl
