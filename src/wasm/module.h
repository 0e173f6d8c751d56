// SPDX-License-Identifier: Apache-2.0
// Module: compiled code, shared by all cores.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

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
  std::uint64_t memory_bytes = 0;  // that a memory begins with
};

class Module {
 public:
  // Compiles, or takes from the cache. May take seconds: never on a core. Errors say what the bytes
  // are instead, or what the compiler found.
  [[nodiscard]] static Result<std::shared_ptr<const Module>> compile(const Engine& engine,
                                                                     std::string_view bytes);
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  [[nodiscard]] const std::string& sha256() const { return sha256_; }  // of what was compiled
  [[nodiscard]] const std::vector<Import>& imports() const { return imports_; }
  [[nodiscard]] const std::vector<Export>& exports() const { return exports_; }
  [[nodiscard]] const Export* find_export(std::string_view name) const;
  [[nodiscard]] bool imports_from(std::string_view module) const;
  [[nodiscard]] const wasmtime_module* handle() const { return handle_; }

 private:
  Module(wasmtime_module* handle, std::string sha256);
  void list();

  wasmtime_module* handle_;  // owned
  std::string sha256_;
  std::vector<Import> imports_;
  std::vector<Export> exports_;
};

}  // namespace sluice::wasm
