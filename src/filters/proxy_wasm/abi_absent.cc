// SPDX-License-Identifier: Apache-2.0
// Functions of the ABI that the gateway does not have: gRPC calls, shared queues, and functions of
// the host's own. A module that imports them links, and is told so when it calls one.
#include "filters/proxy_wasm/abi.h"
#include "filters/proxy_wasm/values.h"
#include "wasm/host_function.h"

namespace sluice::filters::proxy_wasm {
namespace {

using wasm::host_function;

template <class... A>
Answer absent(A... /*arguments*/) {
  return Status::unimplemented;
}

using Word = std::uint32_t;
constexpr auto kAbsent1 = absent<Word>;
constexpr auto kAbsent3 = absent<Word, Word, Word>;
constexpr auto kAbsent4 = absent<Word, Word, Word, Word>;
constexpr auto kAbsent5 = absent<Word, Word, Word, Word, Word>;
constexpr auto kAbsent6 = absent<Word, Word, Word, Word, Word, Word>;
constexpr auto kAbsent9 = absent<Word, Word, Word, Word, Word, Word, Word, Word, Word>;
constexpr auto kAbsent12 =
    absent<Word, Word, Word, Word, Word, Word, Word, Word, Word, Word, Word, Word>;

constexpr wasm::HostFunction kAbsentFunctions[] = {
    host_function<kAbsent12>("proxy_grpc_call"),
    host_function<kAbsent9>("proxy_grpc_stream"),
    host_function<kAbsent4>("proxy_grpc_send"),
    host_function<kAbsent1>("proxy_grpc_cancel"),
    host_function<kAbsent1>("proxy_grpc_close"),
    host_function<kAbsent3>("proxy_register_shared_queue"),
    host_function<kAbsent5>("proxy_resolve_shared_queue"),
    host_function<kAbsent3>("proxy_enqueue_shared_queue"),
    host_function<kAbsent3>("proxy_dequeue_shared_queue"),
    host_function<kAbsent6>("proxy_call_foreign_function"),
};

}  // namespace

std::span<const wasm::HostFunction> absent_functions() { return kAbsentFunctions; }

}  // namespace sluice::filters::proxy_wasm
