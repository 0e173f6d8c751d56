// SPDX-License-Identifier: Apache-2.0
#include "wasm/linker.h"

#include <set>
#include <utility>

#include "wasm/component_linker.h"
#include "wasm/engine.h"
#include "wasm/failure.h"
#include "wasm/guest_runtime.h"
#include "wasm/handles.h"
#include "wasm/host_entry.h"
#include "wasm/name_list.h"

namespace sluice::wasm {
namespace {

wasm_valtype_t* make_type(char letter) {
  switch (letter) {
    case 'I':
      return wasm_valtype_new(WASM_I64);
    case 'f':
      return wasm_valtype_new(WASM_F32);
    case 'F':
      return wasm_valtype_new(WASM_F64);
    default:
      return wasm_valtype_new(WASM_I32);
  }
}

wasm_valtype_vec_t make_types(std::string_view letters) {
  wasm_valtype_vec_t types;
  wasm_valtype_vec_new_uninitialized(&types, letters.size());
  for (std::size_t i = 0; i < letters.size(); ++i) types.data[i] = make_type(letters[i]);
  return types;
}

Result<void> define(wasmtime_linker_t* linker, const ImportModule& module) {
  for (const HostFunction& function : module.functions) {
    wasm_valtype_vec_t params = make_types(function.params);
    wasm_valtype_vec_t results = make_types(function.result);
    const FuncTypePtr type(wasm_functype_new(&params, &results));
    const ErrorPtr error(wasmtime_linker_define_func_unchecked(
        linker, module.name.data(), module.name.size(), function.name.data(), function.name.size(),
        type.get(), module.in_nested_calls ? enter_host : enter_guarded_host,
        const_cast<HostFunction*>(&function), nullptr));
    if (error) return fail(ErrorKind::internal, message_of(*error));
  }
  return {};
}

Result<void> define_all(wasmtime_linker_t* linker, const Abi& abi) {
  wasmtime_linker_allow_shadowing(linker, true);
  for (const ImportModule& module : runtime_modules()) SLUICE_CHECK(define(linker, module));
  for (const ImportModule& module : abi.modules) SLUICE_CHECK(define(linker, module));
  return {};
}

// Wasmtime would take the last of two functions of one name.
Result<void> check_names(std::span<const ImportModule> modules) {
  std::set<std::pair<std::string_view, std::string_view>> names;
  for (const ImportModule& module : modules) {
    for (const HostFunction& function : module.functions) {
      if (names.emplace(module.name, function.name).second) continue;
      return fail(ErrorKind::internal, "the ABI has " + std::string(module.name) + "." +
                                           std::string(function.name) + " twice");
    }
  }
  return {};
}

// A store to ask the linker with; it never runs anything.
StorePtr scratch_store(const Engine& engine) {
  return StorePtr(wasmtime_store_new(engine.handle(), nullptr, nullptr));
}

bool offers(wasmtime_linker_t* linker, wasmtime_store_t* store, const Import& import) {
  wasmtime_extern_t item;
  if (!wasmtime_linker_get(linker, wasmtime_store_context(store), import.module.data(),
                           import.module.size(), import.name.data(), import.name.size(), &item)) {
    return false;
  }
  wasmtime_extern_delete(&item);
  return true;
}

}  // namespace

struct Linker::Handle {
  LinkerPtr linker;
  LinkerPtr collecting;  // of Engine::collecting()
  ComponentLinker components;
};

Linker::Linker(const Engine& engine, const Abi& abi)
    : engine_(engine),
      abi_(abi),
      handle_(std::make_unique<Handle>(LinkerPtr(wasmtime_linker_new(engine.handle())),
                                       LinkerPtr(wasmtime_linker_new(engine.collecting())),
                                       ComponentLinker())) {}

Linker::~Linker() = default;

Result<std::unique_ptr<const Linker>> Linker::create(const Engine& engine, const Abi& abi) {
  std::unique_ptr<Linker> made(new Linker(engine, abi));
  SLUICE_CHECK(check_names(abi.modules));
  SLUICE_CHECK(define_all(made->handle_->linker.get(), abi));
  SLUICE_CHECK(define_all(made->handle_->collecting.get(), abi));
  SLUICE_TRY(made->handle_->components, ComponentLinker::create(abi));
  return made;
}

Result<void> Linker::check_imports(const Module& module) const {
  const StorePtr store = scratch_store(engine_);
  NameList unknown;
  for (const Import& import : module.imports()) {
    if (offers(handle_->linker.get(), store.get(), import)) continue;
    unknown.add(import.module + "." + import.name);
  }
  if (unknown.empty()) return {};
  return fail(ErrorKind::invalid, "the module imports what nobody offers: " + unknown.text());
}

Result<void> Linker::check_exports(const Module& module) const {
  std::string faults;
  const auto fault = [&faults](const std::string& text) {
    faults += (faults.empty() ? "" : "; ") + text;
  };
  for (const GuestExport& wanted : abi_.guest) {
    const std::string name(wanted.name);
    const Signature signature{std::string(wanted.params), std::string(wanted.result)};
    const Export* found = module.find_export(wanted.name);
    if (found != nullptr && !wanted.refuses_other_types) continue;
    if (found == nullptr) {
      if (wanted.required) fault("it does not export the function " + name);
    } else if (found->kind != ExternKind::function) {
      fault("its export " + name + " is no function");
    } else if (found->signature != signature) {
      fault("its function " + name + " is " + to_string(found->signature) + ", must be " +
            to_string(signature));
    }
  }
  const Export* memory = module.find_export("memory");
  if (memory != nullptr && memory->kind == ExternKind::shared_memory) {
    fault("its memory is shared, but threads are not supported: build it without them");
  } else if (memory == nullptr || memory->kind != ExternKind::memory) {
    fault("it exports no memory named \"memory\"");
  }
  if (faults.empty()) return {};
  return fail(ErrorKind::invalid, "the module does not fit: " + faults);
}

Result<std::shared_ptr<const LinkedModule>> Linker::link(
    std::shared_ptr<const Module> module) const {
  if (module->component() != nullptr) return link_component(std::move(module));
  SLUICE_CHECK(check_imports(*module));
  SLUICE_CHECK(check_exports(*module));
  wasmtime_instance_pre_t* pre = nullptr;
  const LinkerPtr& linker = module->collected() ? handle_->collecting : handle_->linker;
  const ErrorPtr error(wasmtime_linker_instantiate_pre(linker.get(), module->handle(), &pre));
  if (error)
    return fail(ErrorKind::invalid, "the module's imports do not fit: " + import_fault(*error));
  const bool uses_wasi = module->imports_from(kWasiModule);
  return std::make_shared<const LinkedModule>(engine_, abi_, std::move(module), pre, uses_wasi);
}

Result<std::shared_ptr<const LinkedModule>> Linker::link_component(
    std::shared_ptr<const Module> module) const {
  SLUICE_TRY(LinkedPtr linked, handle_->components.link(engine_.components(), *module));
  return std::make_shared<const LinkedModule>(engine_, abi_, std::move(module), linked.release(),
                                              handle_->components.rows());
}

}  // namespace sluice::wasm
