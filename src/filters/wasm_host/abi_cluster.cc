// SPDX-License-Identifier: Apache-2.0
// Shared data. Everything is stored as text, so that it can be listed: binary as base64, numbers in
// decimal.
#include <algorithm>
#include <limits>
#include <string>

#include "base/encoding.h"
#include "filters/wasm_host/abi.h"
#include "filters/wasm_host/host_context.h"
#include "filters/wasm_host/marshal.h"
#include "filters/wasm_host/numbers.h"

namespace sluice::filters {
namespace {

using wasm::HostCall;

// The stored text of the key in argument 0, "" if absent. A copy: what the view holds may be
// replaced while the guest allocates memory for it.
Result<std::string> read(HostCall& call) {
  SLUICE_TRY(store::Transaction * data, data_of(call));
  SLUICE_TRY(const std::string_view key, take_text(call, call.u32(0)));
  return std::string(data->get(key).value_or(""));
}

Result<void> write(HostCall& call, std::string_view value) {
  SLUICE_TRY(store::Transaction * data, data_of(call));
  SLUICE_TRY(const std::string_view key, take_text(call, call.u32(0)));
  data->put(key, value);
  return {};
}

Result<void> get_binary(HostCall& call) {
  SLUICE_TRY(const std::string text, read(call));
  return give_data(call, base64_decode(text).value_or(""));
}

Result<void> put_binary(HostCall& call) {
  SLUICE_TRY(const std::string_view bytes, take_data(call, call.u32(1)));
  return write(call, base64_encode(bytes));
}

Result<void> get_string(HostCall& call) {
  SLUICE_TRY(const std::string text, read(call));
  return give_string(call, text);
}

Result<void> put_string(HostCall& call) {
  SLUICE_TRY(const std::string_view text, take_string(call, call.u32(1)));
  return write(call, text);
}

Result<void> get_integer(HostCall& call) {
  SLUICE_TRY(const std::string text, read(call));
  call.return_i64(parse_integer(text));
  return {};
}

Result<void> put_integer(HostCall& call) { return write(call, std::to_string(call.i64(1))); }

Result<void> add_integer(HostCall& call) {
  SLUICE_TRY(const std::string text, read(call));
  // Unsigned, so that an overflow wraps.
  const auto sum = static_cast<std::int64_t>(static_cast<std::uint64_t>(parse_integer(text)) +
                                             static_cast<std::uint64_t>(call.i64(1)));
  SLUICE_CHECK(write(call, std::to_string(sum)));
  call.return_i64(sum);
  return {};
}

Result<void> get_float(HostCall& call) {
  SLUICE_TRY(const std::string text, read(call));
  call.return_f64(parse_float(text));
  return {};
}

Result<void> put_float(HostCall& call) { return write(call, format_float(call.f64(1))); }

Result<void> add_float(HostCall& call) {
  SLUICE_TRY(const std::string text, read(call));
  const double sum = parse_float(text) + call.f64(1);
  SLUICE_CHECK(write(call, format_float(sum)));
  call.return_f64(sum);
  return {};
}

Result<void> count_key(HostCall& call) {
  SLUICE_TRY(store::Transaction * data, data_of(call));
  SLUICE_TRY(const std::string_view prefix, take_text(call, call.u32(0)));
  constexpr std::uint64_t kMax = std::numeric_limits<std::int32_t>::max();
  call.return_i32(static_cast<std::int32_t>(std::min(data->count(prefix), kMax)));
  return {};
}

constexpr wasm::HostFunction kFunctions[] = {
    {"host_cluster_get_binary", "i", "i", get_binary},
    {"host_cluster_put_binary", "ii", "", put_binary},
    {"host_cluster_get_string", "i", "i", get_string},
    {"host_cluster_put_string", "ii", "", put_string},
    {"host_cluster_get_integer", "i", "I", get_integer},
    {"host_cluster_put_integer", "iI", "", put_integer},
    {"host_cluster_add_integer", "iI", "I", add_integer},
    {"host_cluster_get_float", "i", "F", get_float},
    {"host_cluster_put_float", "iF", "", put_float},
    {"host_cluster_add_float", "iF", "F", add_float},
    {"host_cluster_count_key", "i", "i", count_key},
};

}  // namespace

std::span<const wasm::HostFunction> cluster_functions() { return kFunctions; }

}  // namespace sluice::filters
