// SPDX-License-Identifier: Apache-2.0
#include "control/documents.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/from_json.h"

namespace sluice::control {
namespace {

using config::Value;

constexpr std::string_view kAddedFilter = "v1-response";
// The kinds that only change a response, which a pipeline of version 1 had from the start.
constexpr std::array<std::string_view, 2> kChangers{"Fallback", "ResponseAdaptor"};
constexpr std::array<std::string_view, 5> kMakers{"Mock", "Proxy", "RemoteFilter",
                                                  "ResponseBuilder", "WasmHost"};

std::string scalar_at(const Value& map, std::string_view name) {
  const Value* value = map.find(name);
  return value != nullptr ? value->scalar : "";
}

Value* member_of(Value& map, std::string_view name) {
  const auto found = std::ranges::find(map.members, name, &Value::Member::key);
  return found != map.members.end() ? &found->value : nullptr;
}

// Puts mainPool and candidatePools into pools.
void mend_proxy(Value& proxy) {
  const Value* main = proxy.find("mainPool");
  if (main == nullptr || proxy.find("pools") != nullptr) return;
  Value pools;
  pools.kind = Value::Kind::sequence;
  pools.items.push_back(*main);
  if (const Value* others = proxy.find("candidatePools"))
    pools.items.insert(pools.items.end(), others->items.begin(), others->items.end());
  std::erase_if(proxy.members, [](const Value::Member& member) {
    return member.key == "mainPool" || member.key == "candidatePools";
  });
  proxy.members.push_back({"pools", std::move(pools)});
}

std::string kind_of_filter(const Value& filters, std::string_view name) {
  const auto found = std::ranges::find_if(
      filters.items, [name](const Value& filter) { return scalar_at(filter, "name") == name; });
  return found != filters.items.end() ? scalar_at(*found, "kind") : "";
}

// The kinds of the filters in the order in which they run.
std::vector<std::string> kinds_in_order(const Value& filters, const Value* flow) {
  std::vector<std::string> kinds;
  if (flow == nullptr || flow->items.empty()) {
    for (const Value& filter : filters.items) kinds.push_back(scalar_at(filter, "kind"));
    return kinds;
  }
  for (const Value& node : flow->items)
    kinds.push_back(kind_of_filter(filters, scalar_at(node, "filter")));
  return kinds;
}

bool needs_a_response(const std::vector<std::string>& kinds) {
  for (const std::string& kind : kinds) {
    if (std::ranges::find(kMakers, kind) != kMakers.end()) return false;
    if (std::ranges::find(kChangers, kind) != kChangers.end()) return true;
  }
  return false;
}

void put_in_front(Value& filters, Value* flow) {
  const Json maker{
      {"name", kAddedFilter}, {"kind", "ResponseBuilder"}, {"template", "statusCode: 200\n"}};
  filters.items.insert(filters.items.begin(), config::from_json(maker));
  if (flow != nullptr && !flow->items.empty())
    flow->items.insert(flow->items.begin(), config::from_json(Json{{"filter", kAddedFilter}}));
}

}  // namespace

std::optional<Value> of_this_version(const Value& document, config::Faults& faults) {
  if (scalar_at(document, "kind") != "HTTPPipeline") return std::nullopt;
  faults.warn("kind", "HTTPPipeline is of version 1: read as Pipeline");
  Value out = document;
  *member_of(out, "kind") = config::from_json("Pipeline");
  Value* filters = member_of(out, "filters");
  if (filters == nullptr) return out;
  for (Value& filter : filters->items) {
    if (scalar_at(filter, "kind") == "Proxy") mend_proxy(filter);
  }
  Value* flow = member_of(out, "flow");
  if (needs_a_response(kinds_in_order(*filters, flow))) put_in_front(*filters, flow);
  return out;
}

}  // namespace sluice::control
