// SPDX-License-Identifier: Apache-2.0
// Shared data. All values are stored as text, so that they can be listed: binary as base64, numbers
// in decimal.
#include <algorithm>
#include <limits>
#include <string>

#include "base/encoding.h"
#include "filters/wasm_host/abi.h"
#include "filters/wasm_host/host_context.h"
#include "filters/wasm_host/marshal.h"
#include "filters/wasm_host/numbers.h"
#include "wasm/host_function.h"

namespace sluice::filters {
namespace {

using wasm::host_function;

// The stored text, "" if absent. A copy: the view may replace the record while the guest allocates
// memory for the text.
std::string read(SharedData data, std::string_view key) {
  return std::string(data->get(key).value_or(""));
}

OwnedGuestData get_binary(SharedData data, GuestText key) {
  return {base64_decode(read(data, key)).value_or("")};
}

void put_binary(SharedData data, GuestText key, GuestValue bytes) {
  data->put(key, base64_encode(bytes));
}

OwnedGuestString get_string(SharedData data, GuestText key) { return {read(data, key)}; }

void put_string(SharedData data, GuestText key, GuestString text) { data->put(key, text); }

std::int64_t get_integer(SharedData data, GuestText key) { return parse_integer(read(data, key)); }

void put_integer(SharedData data, GuestText key, std::int64_t value) {
  data->put(key, std::to_string(value));
}

std::int64_t add_integer(SharedData data, GuestText key, std::uint64_t value) {
  // Unsigned, so that an overflow wraps.
  const auto sum =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(parse_integer(read(data, key))) + value);
  data->put(key, std::to_string(sum));
  return sum;
}

double get_float(SharedData data, GuestText key) { return parse_float(read(data, key)); }

void put_float(SharedData data, GuestText key, double value) {
  data->put(key, format_float(value));
}

double add_float(SharedData data, GuestText key, double value) {
  const double sum = parse_float(read(data, key)) + value;
  data->put(key, format_float(sum));
  return sum;
}

void erase(SharedData data, GuestText key) { data->erase(key); }

std::int32_t count_key(SharedData data, GuestText prefix) {
  constexpr std::uint64_t kMax = std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int32_t>(std::min(data->count(prefix), kMax));
}

constexpr wasm::HostFunction kClusterFunctions[] = {
    host_function<get_binary>("host_cluster_get_binary"),
    host_function<put_binary>("host_cluster_put_binary"),
    host_function<get_string>("host_cluster_get_string"),
    host_function<put_string>("host_cluster_put_string"),
    host_function<get_integer>("host_cluster_get_integer"),
    host_function<put_integer>("host_cluster_put_integer"),
    host_function<add_integer>("host_cluster_add_integer"),
    host_function<get_float>("host_cluster_get_float"),
    host_function<put_float>("host_cluster_put_float"),
    host_function<add_float>("host_cluster_add_float"),
    host_function<erase>("host_cluster_delete"),
    host_function<count_key>("host_cluster_count_key"),
};

}  // namespace

std::span<const wasm::HostFunction> cluster_functions() { return kClusterFunctions; }

}  // namespace sluice::filters
