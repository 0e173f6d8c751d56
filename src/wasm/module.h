// SPDX-License-Identifier: Apache-2.0
// Module: compiled code, of a core module or a component, shared by all cores. Immutable; any
// thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct sluice_component;
struct wasmtime_module;

namespace sluice::wasm {

class Engine;

// Parameter and result types as letters: i = i32, I = i64, f = f32, F = f64, ? = anything else.
struct Signature {
  std::string params;
  std::string results;
  bool operator==(const Signature&) const = default;
};
// "(i32, i32) -> i64"
[[nodiscard]] std::string to_string(const Signature& signature);

enum class ExternKind { function, memory, shared_memory, global, table, other };

struct Import {
  std::string module;
  std::string name;
};

struct Export {
  std::string name;
  ExternKind kind;
  Signature signature;             // of a function
  std::uint64_t memory_bytes = 0;  // the initial size of a memory
};

class Module {
 public:
  // Compiles `bytes`, or loads them from the cache of `engine`. May take seconds: not for the
  // thread of a core. Error `invalid` says what the bytes are instead, or what the compiler found.
  [[nodiscard]] static Result<std::shared_ptr<const Module>> compile(const Engine& engine,
                                                                     std::string_view bytes);
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  // The hash of the compiled bytes: hex, 64 characters.
  [[nodiscard]] const std::string& sha256() const { return sha256_; }
  [[nodiscard]] const std::vector<Import>& imports() const { return imports_; }
  [[nodiscard]] const std::vector<Export>& exports() const { return exports_; }
  // Returns null if there is no export of that name.
  [[nodiscard]] const Export* find_export(std::string_view name) const;
  // True if a function of that module is imported.
  [[nodiscard]] bool imports_from(std::string_view module) const;
  // True: its objects are collected, and its engine is Engine::collecting().
  [[nodiscard]] bool collected() const { return collected_; }
  // Null: it is a component.
  [[nodiscard]] const wasmtime_module* handle() const { return handle_; }
  // Null: it is a core module. The functions of a component's interfaces are its imports, and those
  // of no interface its exports, without a signature.
  [[nodiscard]] const sluice_component* component() const { return component_; }

 private:
  explicit Module(std::string sha256);
  static Result<std::shared_ptr<const Module>> compile_component(const Engine& engine,
                                                                 std::string_view bytes,
                                                                 std::string hash);
  void list();
  void list_component(const Engine& engine);

  // Owned; one of them is null.
  wasmtime_module* handle_ = nullptr;
  sluice_component* component_ = nullptr;
  bool collected_ = false;
  std::string sha256_;
  std::vector<Import> imports_;
  std::vector<Export> exports_;
};

}  // namespace sluice::wasm
