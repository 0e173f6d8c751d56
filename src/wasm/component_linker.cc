// SPDX-License-Identifier: Apache-2.0
#include "wasm/component_linker.h"

#include <algorithm>

#include "wasm/guest_texts.h"
#include "wasm/handles.h"
#include "wasm/name_list.h"

namespace sluice::wasm {
namespace {

constexpr std::string_view kWasiPackages = "wasi:";
constexpr std::string_view kExports[] = {"run", "configure"};

// The letter that a value of a shape has in the ABI.
char abi_letter(char letter) { return letter == 'I' || letter == 'F' ? letter : 'i'; }

bool shape_fits(std::string_view shape, const HostFunction& function) {
  const std::size_t arrow = shape.find('>');
  if (arrow == std::string_view::npos) return false;
  const auto texts = std::ranges::count(shape.substr(0, arrow), 't');
  if (static_cast<std::size_t>(texts) > GuestTexts::kMax) return false;
  std::string letters;
  for (const char letter : shape.substr(0, arrow)) letters += abi_letter(letter);
  std::string result;
  for (const char letter : shape.substr(arrow + 1)) result += abi_letter(letter);
  return letters == function.params && result == function.result;
}

const HostFunction* find_host_function(const Abi& abi, std::string_view name) {
  for (const ImportModule& module : abi.modules) {
    for (const HostFunction& function : module.functions) {
      if (function.name == name) return &function;
    }
  }
  return nullptr;
}

}  // namespace

Result<ComponentLinker> ComponentLinker::create(const Abi& abi) {
  ComponentLinker made;
  made.world_ = abi.world;
  made.rows_ = std::make_shared<std::vector<Row>>();
  if (abi.world == nullptr) return made;
  for (const WitImport& import : abi.world->imports) {
    const HostFunction* function = find_host_function(abi, import.function);
    if (function == nullptr || !shape_fits(import.shape, *function)) {
      return fail(ErrorKind::internal, "the world's " + std::string(import.name) + " is not " +
                                           std::string(import.function) + " of the ABI");
    }
    made.rows_->push_back({{function, &import},
                           std::string(abi.world->package) + "/" + std::string(import.interface) +
                               "@" + std::string(abi.world->version)});
  }
  return made;
}

bool ComponentLinker::offers(const Import& import) const {
  if (import.module.starts_with(kWasiPackages)) return true;
  return std::ranges::any_of(*rows_, [&import](const Row& row) {
    return row.interface == import.module && row.called.import->name == import.name;
  });
}

Result<void> ComponentLinker::check(const Module& module) const {
  if (world_ == nullptr) {
    return fail(ErrorKind::invalid,
                "a WebAssembly component (component model), which is not supported here: "
                "build a core module");
  }
  NameList unknown;
  for (const Import& import : module.imports()) {
    if (!offers(import)) unknown.add(import.module + "." + import.name);
  }
  if (!unknown.empty())
    return fail(ErrorKind::invalid, "the component imports what nobody offers: " + unknown.text());
  std::string missing;
  for (const std::string_view name : kExports) {
    if (module.find_export(name) == nullptr)
      missing += (missing.empty() ? "" : ", ") + std::string(name);
  }
  if (missing.empty()) return {};
  return fail(ErrorKind::invalid, "the component does not export " + missing + ", as the world " +
                                      std::string(world_->package) + "/filter has it");
}

Result<LinkedPtr> ComponentLinker::link(const sluice_components& components,
                                        const Module& module) const {
  SLUICE_CHECK(check(module));
  std::vector<sluice_import> imports;
  for (const Row& row : *rows_) {
    imports.push_back({to_view(row.interface), to_view(row.called.import->name),
                       to_view(row.called.import->shape), &row.called});
  }
  sluice_linked* linked = nullptr;
  OwnedBytes error;
  if (!sluice_component_link(&components, module.component(), imports.data(), imports.size(),
                             &component_callbacks(), &linked, error.out())) {
    return fail(ErrorKind::invalid,
                "the component's imports do not fit: " + one_line(error.view()));
  }
  return LinkedPtr(linked);
}

}  // namespace sluice::wasm
