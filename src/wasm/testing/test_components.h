// SPDX-License-Identifier: Apache-2.0
// Components in text form for the world of the test ABI, for the tests of components.
#pragma once

#include <string>
#include <vector>

namespace sluice::wasm::testing {

// A function of an interface: its WIT type in text form, and the type of its core function.
struct ComponentImportText {
  std::string interface;
  std::string name;
  std::string type;
  std::string core_type;
};

// `run` and `configure`: bodies that leave a result. The first is a s32; `$fail` (address, size)
// makes it an error. `configure` leaves 0, or 1 for an error, of the text at 64.
struct ComponentText {
  std::vector<ComponentImportText> imports{};
  std::string run = "(i32.const 0)";
  std::string configure = "(i32.const 0)";
  std::string data = "(data (i32.const 64) \"no\")";
  std::string more{};   // of the module
  std::string parts{};  // of the component

  [[nodiscard]] std::string text() const {
    std::string outer;
    std::string lowered;
    std::string given;
    std::string inner;
    for (const auto& each : imports) {
      const std::string id = "$" + each.name;
      outer += "(import \"" + each.interface + "\" (instance $i" + each.name + " (export \"" +
               each.name + "\" (func " + each.type + "))))";
      lowered +=
          "(core func " + id + " (canon lower (func $i" + each.name + " \"" + each.name +
          "\") (memory (core memory $libc \"memory\")) (realloc (core func $libc \"realloc\"))))";
      given += "(export \"" + each.name + "\" (func " + id + "))";
      inner += "(import \"host\" \"" + each.name + "\" (func " + id + " " + each.core_type + "))";
    }
    const std::string options =
        "(memory (core memory $libc \"memory\")) (realloc (core func $libc \"realloc\"))))";
    return "(component " + outer + kLibc + lowered + "(core instance $host " + given + ")" + parts +
           "(core module $Main (import \"libc\" \"memory\" (memory 1)) " + inner + data +
           "(global $failed (mut i32) (i32.const 0))"
           "(func $fail (param i32 i32) (result i32) (global.set $failed (i32.const 1))"
           " (i32.store (i32.const 20) (local.get 0)) (i32.store (i32.const 24) (local.get 1))"
           " (local.get 0))" +
           more + "(func $body (result i32) " + run +
           ")"
           "(func (export \"run\") (result i32) (local $value i32)"
           " (global.set $failed (i32.const 0)) (local.set $value (call $body))"
           " (if (i32.eqz (global.get $failed)) (then (i32.store (i32.const 20) (local.get "
           "$value))))"
           " (i32.store8 (i32.const 16) (global.get $failed)) (i32.const 16))"
           "(func $set_up (param $texts i32) (param $count i32) (result i32) " +
           configure +
           ")"
           "(func (export \"configure\") (param i32 i32) (result i32)"
           " (i32.store8 (i32.const 32) (call $set_up (local.get 0) (local.get 1)))"
           " (i32.store (i32.const 36) (i32.const 64)) (i32.store (i32.const 40) (i32.const 2))"
           " (i32.const 32)))"
           "(core instance $main (instantiate $Main (with \"libc\" (instance $libc))"
           " (with \"host\" (instance $host))))"
           "(func (export \"run\") (result (result s32 (error string)))"
           " (canon lift (core func $main \"run\") " +
           options +
           "(func (export \"configure\") (param \"params\" (list (tuple string string)))"
           " (result (result (error string))) (canon lift (core func $main \"configure\") " +
           options + ")";
  }

 private:
  static constexpr const char* kLibc =
      "(core module $Libc (memory (export \"memory\") 4) (global $top (mut i32) (i32.const 65536))"
      "(func (export \"realloc\") (param i32 i32 i32 i32) (result i32) (global.get $top)"
      " (global.set $top (i32.and (i32.add (i32.add (global.get $top) (local.get 3))"
      " (i32.const 7)) (i32.const -8)))))"
      "(core instance $libc (instantiate $Libc))";
};

}  // namespace sluice::wasm::testing
