// SPDX-License-Identifier: Apache-2.0
// Inside wasm/ only: components of the component model, as third_party/wasmtime/src/component.rs
// hosts them. Functions that return bool fill `out`, or return false and fill `error`.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

struct sluice_components;  // an engine
struct sluice_component;   // compiled code
struct sluice_linked;      // with its imports resolved
struct sluice_guest;       // an instance
struct sluice_bytes;       // owned by the caller

struct sluice_view {
  const char* data;
  std::size_t size;
};

// Which field counts, the shape says.
struct sluice_value {
  std::int64_t integer;
  double real;
  sluice_view text;
  const sluice_view* texts;
  std::size_t count;
};

struct sluice_callbacks {
  // Runs a host function. False: the guest fails, and `result->text` says why. A text of the result
  // stays where it is until the guest's next call.
  bool (*call)(void* user, const void* function, const sluice_value* arguments,
               sluice_value* result);
  void (*print)(void* user, sluice_view bytes);
  bool (*random)(unsigned char* out, std::size_t size);
};

// `shape`: see component_world.rs.
struct sluice_import {
  sluice_view interface;
  sluice_view name;
  sluice_view shape;
  const void* function;
};

bool sluice_components_new(std::size_t wasm_stack, std::size_t fiber_stack, sluice_components** out,
                           sluice_bytes** error);
void sluice_components_delete(sluice_components*);
// Any thread: running guests yield.
void sluice_components_tick(const sluice_components*);

// Of a module without components. False, with an error: compiling it would take too much memory.
bool sluice_module_check(sluice_view bytes, sluice_bytes** error);
bool sluice_component_compile(const sluice_components*, sluice_view bytes, sluice_component** out,
                              sluice_bytes** error);
bool sluice_component_serialize(const sluice_component*, sluice_bytes** out, sluice_bytes** error);
// Requires: sluice_component_serialize has made the bytes.
bool sluice_component_deserialize(const sluice_components*, sluice_view bytes,
                                  sluice_component** out, sluice_bytes** error);
void sluice_component_delete(sluice_component*);
// Calls `found` for each function; a function of no interface has an empty `interface`.
void sluice_component_list(const sluice_components*, const sluice_component*, void* user,
                           void (*found)(void* user, bool imported, sluice_view interface,
                                         sluice_view name));
bool sluice_component_link(const sluice_components*, const sluice_component*,
                           const sluice_import* imports, std::size_t count, const sluice_callbacks*,
                           sluice_linked** out, sluice_bytes** error);
void sluice_component_unlink(sluice_linked*);

// Requires: `linked` and `user` outlive the guest.
sluice_guest* sluice_guest_new(const sluice_linked*, void* user, std::size_t memory_max);
void sluice_guest_delete(sluice_guest*);
// Each begins a call. Requires: none is in progress. `texts`: names and values in turn.
void sluice_guest_instantiate(sluice_guest*);
void sluice_guest_configure(sluice_guest*, const sluice_view* texts, std::size_t count);
void sluice_guest_run(sluice_guest*);
// Runs the guest for a slice; true when the call is done.
bool sluice_guest_poll(sluice_guest*);
// How long the guest sleeps from now. Requires: poll has returned false.
std::int64_t sluice_guest_sleeps_ns(const sluice_guest*);
// The outcome of the call. False: `refused` says whether the guest has returned an error itself.
bool sluice_guest_finish(sluice_guest*, std::int32_t* value, bool* refused, sluice_bytes** error);
// Ends the call in progress, at any point. No other call may follow.
void sluice_guest_kill(sluice_guest*);

sluice_view sluice_bytes_view(const sluice_bytes*);
void sluice_bytes_delete(sluice_bytes*);

}  // extern "C"
