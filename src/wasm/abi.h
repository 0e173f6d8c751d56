// SPDX-License-Identifier: Apache-2.0
// An ABI is a table of host functions that guests may import and a table of functions that they
// export. Types are letters, as in Signature (i, I, F).
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace sluice::wasm {

class HostCall;

// Called on a guest's stack (about 1 MiB are free). An error traps the guest with that message; it
// never runs again. It must not throw, block or suspend, and must return as soon as HostCall::call
// fails: that is how a guest is taken down in the middle of a call.
using HostCallback = Result<void> (*)(HostCall& call);

struct HostFunction {
  std::string_view name;
  std::string_view params;
  std::string_view result;  // "" or one letter
  HostCallback callback;
};

struct GuestFunction {
  std::string_view name;
  std::string_view params;
  std::string_view result;
  bool required;
};

struct Abi {
  std::string_view module;               // name that guests import from
  std::span<const HostFunction> host;    // must outlive every Linker made of it
  std::span<const GuestFunction> guest;  // functions are called by their index here
};
inline constexpr std::size_t kGuestFunctionsMax = 8;

// The linear memory of a guest, every access checked. Valid until the guest runs again, which may
// move or grow it.
class GuestMemory {
 public:
  GuestMemory(char* base, std::size_t size) : base_(base), size_(size) {}

  // Error `invalid` if any byte is outside.
  [[nodiscard]] Result<std::span<char>> at(std::uint32_t address, std::uint64_t size) const {
    if (address > size_ || size > size_ - address) return outside(address, size);
    return std::span<char>(base_ + address, size);
  }
  [[nodiscard]] Result<std::uint32_t> read_u32(std::uint32_t address) const {
    std::uint32_t value = 0;
    if (size_ < sizeof value || address > size_ - sizeof value)
      return outside(address, sizeof value);
    std::memcpy(&value, base_ + address,
                sizeof value);  // ABI: little-endian, as are all our targets
    return value;
  }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  [[nodiscard]] std::unexpected<Error> outside(std::uint32_t address, std::uint64_t size) const;

  char* base_;
  std::size_t size_;
};

struct InstanceState;

// One call of a host function.
class HostCall {
 public:
  HostCall(const HostFunction& function, InstanceState& instance, void* caller,
           unsigned char* values)
      : function_(function), instance_(instance), caller_(caller), values_(values) {}

  [[nodiscard]] std::string_view name() const { return function_.name; }
  [[nodiscard]] std::int32_t i32(std::size_t n) const { return get<std::int32_t>(n); }
  [[nodiscard]] std::uint32_t u32(std::size_t n) const { return get<std::uint32_t>(n); }
  [[nodiscard]] std::int64_t i64(std::size_t n) const { return get<std::int64_t>(n); }
  [[nodiscard]] double f64(std::size_t n) const { return get<double>(n); }
  // Arguments and result share their place: read every argument first.
  void return_i32(std::int32_t value) { put(value); }
  void return_u32(std::uint32_t value) { put(value); }
  void return_i64(std::int64_t value) { put(value); }
  void return_f64(double value) { put(value); }

  // Error if the guest has none.
  [[nodiscard]] Result<GuestMemory> memory();
  // Calls the guest's function `index` of the ABI, (i32) -> i32. While it runs, the guest may not
  // call host functions of the ABI: each level would take a stack of its own.
  [[nodiscard]] Result<std::uint32_t> call(std::size_t index, std::uint32_t argument);
  // What the guest writes to standard output or error: to the log, at debug level, bounded; and
  // as say().
  void print(std::string_view bytes);
  // Instance::words() has it, should the call fail.
  void say(std::string_view text);
  // The guest goes on at `when`: it gives way, and its caller sees Instance::wake_at(). The host
  // function returns before that: what the guest does at once, up to its next function or loop,
  // comes first. False within a nested call, which cannot wait.
  [[nodiscard]] bool sleep_until(TimePoint when);
  // What Instance::set_context was given; null outside.
  template <class T>
  [[nodiscard]] T* context() const {
    return static_cast<T*>(context_pointer());
  }

 private:
  static constexpr std::size_t kValueSize = 16;  // ABI: sizeof(wasmtime_val_raw_t)
  template <class T>
  [[nodiscard]] T get(std::size_t n) const {
    T value;
    std::memcpy(&value, values_ + n * kValueSize, sizeof value);
    return value;
  }
  template <class T>
  void put(T value) {
    std::memcpy(values_, &value, sizeof value);
  }
  [[nodiscard]] void* context_pointer() const;

  const HostFunction& function_;
  InstanceState& instance_;
  void* caller_;
  unsigned char* values_;
};

}  // namespace sluice::wasm
