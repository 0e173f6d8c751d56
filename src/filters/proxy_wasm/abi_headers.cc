// SPDX-License-Identifier: Apache-2.0
// The fields of messages.
#include <optional>
#include <string>
#include <utility>

#include "filters/proxy_wasm/abi.h"
#include "filters/proxy_wasm/field_map.h"
#include "filters/proxy_wasm/pairs.h"
#include "filters/proxy_wasm/plugin.h"
#include "filters/proxy_wasm/values.h"
#include "wasm/host_function.h"

namespace sluice::filters::proxy_wasm {
namespace {

using wasm::host_function;
using wasm::HostCall;

std::optional<FieldMap> find_map(Plugin& plugin, std::uint32_t type) {
  if (type > kMapTypeMax) return std::nullopt;
  return FieldMap::of(plugin, static_cast<MapType>(type));
}

Result<Answer> get_size(Plugin& plugin, HostCall& call, std::uint32_t type,
                        Out<std::uint32_t> out) {
  if (!out.inside) return Answer(Status::invalid_memory);
  auto map = find_map(plugin, type);
  if (!map) return Answer(Status::bad_argument);
  SLUICE_CHECK(out.put(call, static_cast<std::uint32_t>(encoded_size(map->pairs()))));
  return Answer(Status::ok);
}

Result<Answer> get_pairs(Plugin& plugin, HostCall& call, std::uint32_t type, OutBytes out) {
  if (!out.inside) return Answer(Status::invalid_memory);
  auto map = find_map(plugin, type);
  if (!map) return Answer(type > kMapTypeMax ? Status::bad_argument : Status::not_found);
  SLUICE_CHECK(out.put(call, encode_pairs(map->pairs())));
  return Answer(Status::ok);
}

Result<Answer> get_value(Plugin& plugin, HostCall& call, std::uint32_t type, GuestBytes name,
                         OutBytes out) {
  if (!all_inside(name, out)) return Answer(Status::invalid_memory);
  if (type > kMapTypeMax) return Answer(Status::bad_argument);
  const auto map = find_map(plugin, type);
  auto value = map ? map->get(name.text) : std::nullopt;
  if (!value && !plugin.old_abi) return Answer(Status::not_found);
  SLUICE_CHECK(out.put(call, std::move(value).value_or("")));
  return Answer(Status::ok);
}

// `change` gets the map. A refusal is explained in the log.
template <class Change>
Answer change_map(Plugin& plugin, std::uint32_t type, const char* function, const Change& change) {
  auto map = find_map(plugin, type);
  if (!map) return Status::bad_argument;
  const Result<void> done = change(*map);
  if (done) return Status::ok;
  plugin.log(LogLevel::debug, std::string(function) + ": " + done.error().message);
  return Status::bad_argument;
}

Answer set_pairs(Plugin& plugin, std::uint32_t type, GuestBytes bytes) {
  if (!bytes.inside) return Status::invalid_memory;
  const auto pairs = decode_pairs(bytes.text);
  if (!pairs) return Status::bad_argument;
  return change_map(plugin, type, "proxy_set_header_map_pairs",
                    [&](FieldMap& map) { return map.replace_all(*pairs); });
}

Answer add_value(Plugin& plugin, std::uint32_t type, GuestBytes name, GuestBytes value) {
  if (!all_inside(name, value)) return Status::invalid_memory;
  return change_map(plugin, type, "proxy_add_header_map_value",
                    [&](FieldMap& map) { return map.add(name.text, value.text); });
}

Answer replace_value(Plugin& plugin, std::uint32_t type, GuestBytes name, GuestBytes value) {
  if (!all_inside(name, value)) return Status::invalid_memory;
  return change_map(plugin, type, "proxy_replace_header_map_value",
                    [&](FieldMap& map) { return map.set(name.text, value.text); });
}

Answer remove_value(Plugin& plugin, std::uint32_t type, GuestBytes name) {
  if (!name.inside) return Status::invalid_memory;
  return change_map(plugin, type, "proxy_remove_header_map_value",
                    [&](FieldMap& map) { return map.remove(name.text); });
}

constexpr wasm::HostFunction kHeaderFunctions[] = {
    host_function<get_size>("proxy_get_header_map_size"),
    host_function<get_pairs>("proxy_get_header_map_pairs"),
    host_function<set_pairs>("proxy_set_header_map_pairs"),
    host_function<get_value>("proxy_get_header_map_value"),
    host_function<add_value>("proxy_add_header_map_value"),
    host_function<replace_value>("proxy_replace_header_map_value"),
    host_function<remove_value>("proxy_remove_header_map_value"),
};

}  // namespace

std::span<const wasm::HostFunction> header_functions() { return kHeaderFunctions; }

}  // namespace sluice::filters::proxy_wasm
