// SPDX-License-Identifier: Apache-2.0
// Warnings on flows that are legal, and that probably do not mean what they say.
#include <algorithm>
#include <array>
#include <set>

#include "pipeline/prototype.h"

namespace sluice::pipeline {
namespace {

// The result of a program that failed, and the kinds that answer the requests that it lets pass.
constexpr std::string_view kProgramFailed = "wasmError";
constexpr std::array<std::string_view, 2> kAnswerers{"Proxy", "WebSocketProxy"};

// The kind that replaces a response, and the kinds that have made one if they succeed.
constexpr std::string_view kReplacer = "Fallback";
constexpr std::array<std::string_view, 6> kMakers{
    "FileServer", "GRPCProxy", "Proxy", "ResponseBuilder", "SimpleHTTPProxy", "WebSocketProxy"};

bool has_result(const FilterKind& kind, std::string_view result) {
  return std::ranges::find(kind.results(), result) != kind.results().end();
}

NamesOthers::Names names_of(const FilterPrototype* filter) {
  const auto* its = dynamic_cast<const NamesOthers*>(filter);
  return its != nullptr ? its->names() : NamesOthers::Names();
}

std::set<std::string> made_by(const FilterPrototype* filter) {
  const auto names = names_of(filter);
  return {names.makes.begin(), names.makes.end()};
}

std::string path_of_filter(std::size_t index) { return "filters[" + std::to_string(index) + "]"; }

}  // namespace

void PipelinePrototype::check_failure(std::size_t node, config::Faults& faults) const {
  const std::size_t filter = nodes_[node].filter;
  if (filter == kEndNode || !has_result(*filters_[filter].kind, kProgramFailed)) return;
  const auto& jumps = nodes_[node].jumps;
  if (std::ranges::find(jumps, kProgramFailed, &Jump::first) != jumps.end()) return;
  for (std::size_t later = node + 1; later < nodes_.size(); ++later) {
    if (nodes_[later].filter == kEndNode) continue;
    const NamedFilter& answerer = filters_[nodes_[later].filter];
    if (std::ranges::find(kAnswerers, answerer.kind->name()) == kAnswerers.end()) continue;
    return faults.warn(path_of_filter(filter),
                       "if the program fails, " + answerer.name +
                           " does not run and clients get 503: give its node a jumpIf for "
                           "wasmError, to END if that is meant");
  }
}

std::vector<NamesOthers::Name> PipelinePrototype::custom_kinds() const {
  std::vector<NamesOthers::Name> kinds;
  for (std::size_t i = 0; i < filters_.size(); ++i) {
    for (NamesOthers::Name& kind : names_of(filters_[i].prototype.get()).custom_kinds) {
      kind.field.insert(0, path_of_filter(i) + ".");
      kinds.push_back(std::move(kind));
    }
  }
  return kinds;
}

void PipelinePrototype::check_namespaces(config::Faults& faults) const {
  std::set<std::string_view> known{kDefaultNamespace};
  for (const BuiltNode& node : nodes_) known.insert(node.filter_namespace);
  for (std::size_t i = 0; i < filters_.size(); ++i) {
    for (const auto& [field, name] : names_of(filters_[i].prototype.get()).namespaces) {
      if (known.contains(name)) continue;
      faults.warn(path_of_filter(i) + "." + field,
                  "no node of the flow has the namespace " + config::quote(name) +
                      config::suggestion(name, {known.begin(), known.end()}) +
                      ": it is empty, unless a GlobalFilter fills it");
    }
  }
}

// "KEY" of .data.KEY, or "PIPELINE.KEY".
void PipelinePrototype::check_data_read(config::Faults& faults) const {
  std::set<std::string> known{std::string(kPipelineData)};
  std::set<std::string> own;
  if (data_ && data_->is_object()) {
    for (const auto& [key, value] : data_->items()) own.insert(key);
  }
  for (const NamedFilter& filter : filters_) known.merge(made_by(filter.prototype.get()));
  for (std::size_t i = 0; i < filters_.size(); ++i) {
    for (const auto& [field, name] : names_of(filters_[i].prototype.get()).data) {
      const bool of_pipeline = name.starts_with(std::string(kPipelineData) + ".");
      const std::string key = of_pipeline ? name.substr(kPipelineData.size() + 1) : name;
      const std::set<std::string>& there = of_pipeline ? own : known;
      if (there.contains(key)) continue;
      faults.warn(path_of_filter(i) + "." + field,
                  (of_pipeline ? "`data` of the pipeline has no " : "no filter makes the data ") +
                      config::quote(key) + config::suggestion(key, {there.begin(), there.end()}) +
                      (of_pipeline ? ": ." : ", unless a GlobalFilter does: .") + "data." + name +
                      " is empty");
    }
  }
}

// Goes back from the node over the successes that lead to it. A jump for success is meant.
void PipelinePrototype::check_fallback(std::size_t node, config::Faults& faults) const {
  const BuiltNode& fallback = nodes_[node];
  if (fallback.filter == kEndNode || filters_[fallback.filter].kind->name() != kReplacer) return;
  for (std::size_t at = node; at-- > 0;) {
    const BuiltNode& before = nodes_[at];
    if (before.filter == kEndNode) return;
    const auto success = std::ranges::find(before.jumps, "", &Jump::first);
    const std::string_view kind = filters_[before.filter].kind->name();
    if (success != before.jumps.end() || kind == kReplacer) return;
    const bool made = std::ranges::find(kMakers, kind) != kMakers.end();
    if (!made || before.filter_namespace != fallback.filter_namespace) continue;
    return faults.warn("flow[" + std::to_string(node) + "]",
                       "Fallback " + fallback.alias + " runs also after success of " +
                           before.alias + ": add jumpIf to " + before.alias +
                           ", and END behind it");
  }
}

void PipelinePrototype::check_use(config::Faults& faults) const {
  std::vector<bool> is_reached(nodes_.size() + 1);
  std::vector<bool> is_used(filters_.size());
  is_reached[0] = true;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const BuiltNode& node = nodes_[i];
    if (!is_reached[i]) {
      faults.warn("flow[" + std::to_string(i) + "]", "no way leads here: it never runs");
    } else if (node.filter != kEndNode) {
      const auto success = std::ranges::find(node.jumps, "", &Jump::first);
      if (success == node.jumps.end()) is_reached[i + 1] = true;
      for (const auto& [result, target] : node.jumps) {
        if (target != kEndNode) is_reached[target] = true;
      }
    }
    if (node.filter != kEndNode) is_used[node.filter] = true;
    if (is_reached[i]) {
      check_failure(i, faults);
      check_fallback(i, faults);
    }
  }
  for (std::size_t i = 0; i < filters_.size(); ++i) {
    if (!is_used[i]) {
      faults.warn(path_of_filter(i), filters_[i].name + " is not in the flow: it never runs");
    }
  }
  check_namespaces(faults);
  check_data_read(faults);
}

}  // namespace sluice::pipeline
