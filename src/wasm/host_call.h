// SPDX-License-Identifier: Apache-2.0
// HostCall: one call of a host function by a guest. Valid during the call, on its thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>

#include "base/result.h"
#include "base/time.h"
#include "wasm/abi.h"
#include "wasm/guest_memory.h"
#include "wasm/wasi_descriptors.h"

namespace sluice::wasm {

struct GuestTexts;
struct InstanceState;

class HostCall {
 public:
  // `values`: the arguments, and room for the result.
  HostCall(InstanceState& instance, void* caller, RawValue* values)
      : instance_(instance), caller_(caller), values_(values) {}

  // Returns the guest's memory. Error `invalid` if the guest has none, as a component.
  [[nodiscard]] Result<GuestMemory> memory();
  // Null: the guest is a core module. Else the arguments that are addresses are numbers of texts.
  [[nodiscard]] GuestTexts* texts();
  // Calls a function that the guest exports. While it runs, the guest may not call host functions
  // of the ABI (ImportModule::in_nested_calls). But it may give way, and the other work of the core
  // may free what the host function sees by a view. Requires: after an error, the host function
  // returns at once.
  template <class R, class... A>
  [[nodiscard]] Result<R> call(const GuestFunction<R(A...)>& function,
                               std::type_identity_t<A>... arguments) {
    std::array<RawValue, std::max<std::size_t>(sizeof...(A), 1)> values{};
    std::size_t at = 0;
    (values[at++].put(arguments), ...);
    if (auto called = call_raw(function.index, values); !called)
      return std::unexpected(std::move(called).error());
    if constexpr (!std::is_void_v<R>) {
      return values[0].template get<R>();
    } else {
      return {};
    }
  }
  // Logs the bytes that the guest writes to standard output or error, at debug level and bounded,
  // and keeps them as say() does.
  void print(std::string_view bytes);
  // Adds `text` to Instance::words(), which explains a failure of the call.
  void say(std::string_view text);
  // From now on, an error of a host function for which the guest is at fault does not trap it: the
  // message is written to `address`, its length as a u32 before it, `bytes_max` of it at most, and
  // the function returns 0. The guest clears the length.
  void send_errors_to(std::uint32_t address, std::uint32_t bytes_max);
  // Suspends the guest until `when`: it yields, and its caller sees Instance::wake_at(). The host
  // function returns before that. The guest first runs up to its next function or loop. Returns
  // false within a nested call, which cannot wait.
  [[nodiscard]] bool sleep_until(TimePoint when);
  // Ends the guest with `status`. The host function returns the error at once.
  [[nodiscard]] std::unexpected<Error> exit(std::uint32_t status);
  [[nodiscard]] WasiDescriptors& descriptors();
  // Returns the object of Instance::set_context. Requires: it is a T. Error: it is null.
  template <class T>
  [[nodiscard]] Result<T*> context() const {
    void* pointer = context_pointer();
    if (pointer == nullptr) [[unlikely]]
      return fail(ErrorKind::internal, "called outside of a run");
    return static_cast<T*>(pointer);
  }

  // For host_function(), which unpacks and packs.
  [[nodiscard]] RawValue* values() { return values_; }

 private:
  [[nodiscard]] void* context_pointer() const;
  [[nodiscard]] Result<void> call_raw(std::size_t function, std::span<RawValue> values);

  InstanceState& instance_;
  void* caller_;
  RawValue* values_;
};

}  // namespace sluice::wasm
