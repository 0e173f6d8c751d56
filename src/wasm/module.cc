// SPDX-License-Identifier: Apache-2.0
#include "wasm/module.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/text.h"
#include "wasm/component.h"
#include "wasm/engine.h"
#include "wasm/handles.h"
#include "wasm/module_cache.h"
#include "wasm/preamble.h"

namespace sluice::wasm {
namespace {

constexpr std::uint64_t kPageBytes = 65536;
constexpr std::string_view kMagic{"\0asm", 4};
constexpr std::string_view kCoreVersion{"\1\0\0\0", 4};

std::string spell_start(std::string_view bytes) {
  std::string out;
  for (const char c : bytes.substr(0, 8)) {
    if (!out.empty()) out += ' ';
    append_hex(out, static_cast<unsigned char>(c), 2);
  }
  return out.empty() ? "nothing: it is empty" : out;
}

constexpr std::string_view kScriptHint =
    ". It is text: a script stands in script:, with code: builtin:javascript or builtin:lua";

// True for text that is neither an error page nor WebAssembly as text.
bool is_script_text(std::string_view bytes) {
  constexpr std::size_t kLooked = 256;
  const auto is_text = [](char c) {
    return c == '\n' || c == '\r' || c == '\t' || static_cast<unsigned char>(c) >= ' ';
  };
  return !bytes.empty() && bytes.front() != '<' && bytes.front() != '(' &&
         std::ranges::all_of(bytes.substr(0, kLooked), is_text);
}

Result<void> check_preamble(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) {
    return fail(ErrorKind::invalid, "not a WebAssembly module: begins with " + spell_start(bytes) +
                                        " instead of 00 61 73 6d" +
                                        (is_script_text(bytes) ? std::string(kScriptHint) : ""));
  }
  const std::string_view version = bytes.substr(4, 4);
  if (version != kCoreVersion) {
    return fail(ErrorKind::invalid, "a WebAssembly module of an unknown version");
  }
  return {};
}

Result<void> check_expressions(std::string_view bytes) {
  OwnedBytes error;
  if (sluice_module_check(to_view(bytes), error.out())) return {};
  return fail(ErrorKind::too_large, "the module has " + std::string(error.view()));
}

Result<std::string> from_text(std::string_view text) {
  ByteVec binary;
  if (const ErrorPtr error(wasmtime_wat2wasm(text.data(), text.size(), binary.out())); error) {
    return fail(ErrorKind::invalid, "the module text cannot be read: " + message_of(*error));
  }
  return std::string(binary.view());
}

struct Compiled {
  ModulePtr module;
  bool collected = false;
};

const std::uint8_t* to_bytes(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

Compiled load_cached(const Engine& engine, const std::string& hash) {
  const std::optional<std::string> compiled = engine.cache().load(hash);
  if (!compiled) return {};
  for (const bool collected : {false, true}) {
    wasmtime_module_t* module = nullptr;
    // Another compiler version or processor is refused here, and compiled anew.
    const ErrorPtr error(
        wasmtime_module_deserialize(collected ? engine.collecting() : engine.handle(),
                                    to_bytes(*compiled), compiled->size(), &module));
    if (!error) return {ModulePtr(module), collected};
  }
  return {};
}

void save_cached(const Engine& engine, const std::string& hash, wasmtime_module_t* module) {
  ByteVec compiled;
  const ErrorPtr error(wasmtime_module_serialize(module, compiled.out()));
  if (!error) engine.cache().save(hash, compiled.view());
}

// Where the compiler speaks of its own settings, what the guest's author can do.
std::string compile_fault(const Engine& engine, const std::string& said) {
  const auto says = [&](std::string_view word) { return said.find(word) != std::string::npos; };
  if (says("shared memor") || says("memory is shared") || says("threads must be enabled") ||
      says("atomic")) {
    return "threads are not supported: build the module without them and without shared memory (" +
           said + ")";
  }
  if (says("memory") && (says("exceeds the limit") || says("minimum byte size"))) {
    return "the module's memory begins with more than any maxMemory allows, which is at most " +
           std::to_string(engine.options().memory_bytes_max >> 20) + " MiB (" + said + ")";
  }
  return "the module does not compile: " + said;
}

bool is_valid(wasm_engine_t* engine, std::string_view bytes) {
  return ErrorPtr(wasmtime_module_validate(engine, to_bytes(bytes), bytes.size())) == nullptr;
}

Result<ModulePtr> compile_for(const Engine& engine, wasm_engine_t* handle, std::string_view bytes) {
  wasmtime_module_t* module = nullptr;
  const ErrorPtr error(wasmtime_module_new(handle, to_bytes(bytes), bytes.size(), &module));
  if (error) return fail(ErrorKind::invalid, compile_fault(engine, message_of(*error)));
  return ModulePtr(module);
}

Result<Compiled> compile_bytes(const Engine& engine, std::string_view bytes,
                               const std::string& hash) {
  if (Compiled cached = load_cached(engine, hash); cached.module) return cached;
  SLUICE_CHECK(check_expressions(bytes));
  Result<ModulePtr> module = compile_for(engine, engine.handle(), bytes);
  const bool needs_more = !module && !is_valid(engine.handle(), bytes);
  if (needs_more) module = compile_for(engine, engine.collecting(), bytes);
  if (!module) return std::unexpected(std::move(module).error());
  save_cached(engine, hash, module->get());
  return Compiled{std::move(*module), needs_more};
}

std::string letters(const wasm_valtype_vec_t* types) {
  std::string out;
  for (std::size_t i = 0; i < types->size; ++i) {
    switch (wasm_valtype_kind(types->data[i])) {
      case WASM_I32:
        out += 'i';
        break;
      case WASM_I64:
        out += 'I';
        break;
      case WASM_F32:
        out += 'f';
        break;
      case WASM_F64:
        out += 'F';
        break;
      default:
        out += '?';
    }
  }
  return out;
}

ExternKind kind_of(const wasm_externtype_t* type) {
  switch (wasm_externtype_kind(type)) {
    case WASM_EXTERN_FUNC:
      return ExternKind::function;
    case WASM_EXTERN_MEMORY:
      // A guest could wait on it, which would hold the thread.
      return wasmtime_memorytype_isshared(wasm_externtype_as_memorytype_const(type))
                 ? ExternKind::shared_memory
                 : ExternKind::memory;
    case WASM_EXTERN_GLOBAL:
      return ExternKind::global;
    case WASM_EXTERN_TABLE:
      return ExternKind::table;
    default:
      return ExternKind::other;
  }
}

std::string spell_types(std::string_view types) {
  std::string out;
  for (const char c : types) {
    if (!out.empty()) out += ", ";
    out += c == 'i' ? "i32" : c == 'I' ? "i64" : c == 'f' ? "f32" : c == 'F' ? "f64" : "ref";
  }
  return out;
}

}  // namespace

std::string to_string(const Signature& signature) {
  const std::string params = "(" + spell_types(signature.params) + ")";
  return signature.results.empty() ? params : params + " -> " + spell_types(signature.results);
}

Result<std::shared_ptr<const Module>> Module::compile(const Engine& engine,
                                                      std::string_view bytes) {
  std::string hash = sha256_hex(bytes);
  std::string binary;
  if (engine.options().accept_text && bytes.starts_with("(")) {
    SLUICE_TRY(binary, from_text(bytes));
    bytes = binary;
  }
  if (is_component(bytes)) return compile_component(engine, bytes, std::move(hash));
  SLUICE_CHECK(check_preamble(bytes));
  SLUICE_TRY(Compiled compiled, compile_bytes(engine, bytes, hash));
  std::shared_ptr<Module> made(new Module(std::move(hash)));
  made->handle_ = compiled.module.release();
  made->collected_ = compiled.collected;
  made->list();
  return made;
}

Result<std::shared_ptr<const Module>> Module::compile_component(const Engine& engine,
                                                                std::string_view bytes,
                                                                std::string hash) {
  const std::optional<std::string> kept = engine.cache().load(hash);
  ComponentPtr component = kept ? load_component(engine.components(), *kept) : nullptr;
  if (!component) {
    SLUICE_TRY(component, wasm::compile_component(engine.components(), bytes));
    const std::string compiled = save_component(*component);
    if (!compiled.empty()) engine.cache().save(hash, compiled);
  }
  std::shared_ptr<Module> made(new Module(std::move(hash)));
  made->component_ = component.release();
  made->list_component(engine);
  return made;
}

Module::Module(std::string sha256) : sha256_(std::move(sha256)) {}

Module::~Module() {
  if (handle_ != nullptr) wasmtime_module_delete(handle_);
  if (component_ != nullptr) sluice_component_delete(component_);
}

void Module::list_component(const Engine& engine) {
  const auto found = [](void* user, bool imported, sluice_view interface, sluice_view name) {
    auto& module = *static_cast<Module*>(user);
    if (imported) {
      module.imports_.push_back({std::string(to_text(interface)), std::string(to_text(name))});
    } else if (interface.size == 0) {
      module.exports_.push_back({std::string(to_text(name)), ExternKind::function, {}, 0});
    }
  };
  sluice_component_list(&engine.components(), component_, this, found);
}

void Module::list() {
  wasm_importtype_vec_t imports;
  wasmtime_module_imports(handle_, &imports);
  for (std::size_t i = 0; i < imports.size; ++i) {
    imports_.push_back({std::string(view(wasm_importtype_module(imports.data[i]))),
                        std::string(view(wasm_importtype_name(imports.data[i])))});
  }
  wasm_importtype_vec_delete(&imports);

  wasm_exporttype_vec_t exports;
  wasmtime_module_exports(handle_, &exports);
  for (std::size_t i = 0; i < exports.size; ++i) {
    const wasm_externtype_t* type = wasm_exporttype_type(exports.data[i]);
    Export& entry = exports_.emplace_back(
        Export{std::string(view(wasm_exporttype_name(exports.data[i]))), kind_of(type), {}, 0});
    if (entry.kind == ExternKind::memory) {
      entry.memory_bytes =
          wasmtime_memorytype_minimum(wasm_externtype_as_memorytype_const(type)) * kPageBytes;
    }
    if (entry.kind != ExternKind::function) continue;
    const wasm_functype_t* function = wasm_externtype_as_functype_const(type);
    entry.signature = {letters(wasm_functype_params(function)),
                       letters(wasm_functype_results(function))};
  }
  wasm_exporttype_vec_delete(&exports);
}

const Export* Module::find_export(std::string_view name) const {
  for (const Export& entry : exports_) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

bool Module::imports_from(std::string_view module) const {
  for (const Import& entry : imports_) {
    if (entry.module == module) return true;
  }
  return false;
}

}  // namespace sluice::wasm
