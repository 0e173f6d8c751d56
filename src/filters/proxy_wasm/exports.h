// SPDX-License-Identifier: Apache-2.0
// The functions that a guest of proxy-wasm exports. All are optional but for one that allocates.
#pragma once

#include <array>
#include <cstdint>

#include "wasm/abi.h"
#include "wasm/instance.h"

namespace sluice::filters::proxy_wasm {

using U32 = std::uint32_t;

inline constexpr wasm::GuestFunction<U32(U32)> kGuestAllocate{0, "proxy_on_memory_allocate", false};
inline constexpr wasm::GuestFunction<U32(U32)> kGuestMalloc{1, "malloc", false};
inline constexpr wasm::GuestFunction<U32(U32, U32)> kGuestMain{2, "main", false, false};
inline constexpr wasm::GuestFunction<void(U32, U32)> kOnContextCreate{3, "proxy_on_context_create",
                                                                      false};
inline constexpr wasm::GuestFunction<U32(U32, U32)> kOnVmStart{4, "proxy_on_vm_start", false};
inline constexpr wasm::GuestFunction<U32(U32, U32)> kOnConfigure{5, "proxy_on_configure", false};
inline constexpr wasm::GuestFunction<void(U32)> kOnTick{6, "proxy_on_tick", false};
inline constexpr wasm::GuestFunction<U32(U32)> kOnDone{7, "proxy_on_done", false};
inline constexpr wasm::GuestFunction<void(U32)> kOnLog{8, "proxy_on_log", false};
inline constexpr wasm::GuestFunction<void(U32)> kOnDelete{9, "proxy_on_delete", false};
inline constexpr wasm::GuestFunction<U32(U32, U32, U32)> kOnRequestHeaders{
    10, "proxy_on_request_headers", false, false};
inline constexpr wasm::GuestFunction<U32(U32, U32, U32)> kOnRequestBody{11, "proxy_on_request_body",
                                                                        false};
inline constexpr wasm::GuestFunction<U32(U32, U32)> kOnRequestTrailers{
    12, "proxy_on_request_trailers", false};
inline constexpr wasm::GuestFunction<U32(U32, U32, U32)> kOnResponseHeaders{
    13, "proxy_on_response_headers", false, false};
inline constexpr wasm::GuestFunction<U32(U32, U32, U32)> kOnResponseBody{
    14, "proxy_on_response_body", false};
inline constexpr wasm::GuestFunction<U32(U32, U32)> kOnResponseTrailers{
    15, "proxy_on_response_trailers", false};
inline constexpr wasm::GuestFunction<void(U32, U32, U32, U32, U32)> kOnCallResponse{
    16, "proxy_on_http_call_response", false};
// ABI 0.1.0, in which headers have no end_of_stream.
inline constexpr wasm::GuestFunction<U32(U32, U32)> kOnRequestHeadersOld{
    17, "proxy_on_request_headers", false, false};
inline constexpr wasm::GuestFunction<U32(U32, U32)> kOnResponseHeadersOld{
    18, "proxy_on_response_headers", false, false};

inline constexpr std::size_t kArgumentsMax = 5;
using Arguments = std::array<U32, kArgumentsMax>;

// A function that the host calls, with its type erased. Surplus arguments are ignored; the result
// of a function without one is 0.
struct Callback {
  wasm::GuestExport row;
  void (*start)(wasm::Instance& instance, const Arguments& arguments);
  Result<U32> (*finish)(wasm::Instance& instance);
};

template <const auto& function>
struct CallbackOf;
template <class R, class... A, const wasm::GuestFunction<R(A...)>& function>
struct CallbackOf<function> {
  static void start(wasm::Instance& instance, const Arguments& arguments) {
    start_with(instance, arguments, std::index_sequence_for<A...>());
  }
  static Result<U32> finish(wasm::Instance& instance) {
    if constexpr (std::is_void_v<R>) {
      SLUICE_CHECK(instance.finish(function));
      return U32{0};
    } else {
      return instance.finish(function);
    }
  }
  static constexpr Callback kValue{function, &start, &finish};

 private:
  template <std::size_t... i>
  static void start_with(wasm::Instance& instance, const Arguments& arguments,
                         std::index_sequence<i...>) {
    instance.start(function, arguments[i]...);
  }
};
template <const auto& function>
inline constexpr const Callback& kCallback = CallbackOf<function>::kValue;

}  // namespace sluice::filters::proxy_wasm
