// SPDX-License-Identifier: Apache-2.0
#include "pipeline/prototype.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "observe/exposition.h"
#include "pipeline/figures.h"
#include "pipeline/holds_certificates.h"
#include "pipeline/later_kinds.h"
#include "pipeline/metrics.h"
#include "pipeline/runs_other_code.h"

namespace sluice::pipeline {
namespace {

const FilterKind* find_kind(const FilterKinds& kinds, std::string_view name) {
  for (const auto& kind : kinds) {
    if (kind->name() == name) return kind.get();
  }
  return nullptr;
}

std::string unknown_kind(std::string_view name, const FilterKinds& kinds) {
  std::vector<std::string_view> known;
  std::string list;
  for (const auto& kind : kinds) {
    known.push_back(kind->name());
    list.append(list.empty() ? "" : ", ").append(kind->name());
  }
  if (const auto advice = advice_on_absent_kind(name); !advice.empty())
    return std::string(name) + " is not there: " + std::string(advice);
  return "kind \"" + std::string(name) + "\" not found" + config::suggestion(name, known) +
         " (kinds: " + list + ")";
}

std::string scalar_of(const config::Value& map, std::string_view name) {
  const config::Value* value = map.find(name);
  return value != nullptr && value->kind == config::Value::Kind::scalar ? value->scalar : "";
}

}  // namespace

bool Filter::knows(const http::Request& /*request*/) const { return false; }

Json FilterPrototype::status() const { return nullptr; }

Result<std::shared_ptr<const FilterPrototype>> FilterPrototype::reload(const StateScope&,
                                                                       const ReloadInputs&) const {
  return std::shared_ptr<const FilterPrototype>();
}

void FilterKind::sweep(const std::set<std::string>&) const {}

Json FilterPrototype::pin() const { return nullptr; }

std::string FilterPrototype::note() const { return {}; }

std::shared_ptr<const PipelinePrototype> PipelinePrototype::build(const config::Value& document,
                                                                  const FilterKinds& kinds,
                                                                  const BuildInputs& inputs,
                                                                  config::Faults& faults) {
  const std::size_t faults_before = faults.count();
  auto pipeline = std::make_shared<PipelinePrototype>();
  pipeline->spec_ = config::decode<PipelineSpec>(document, "", faults);
  pipeline->policies_ =
      resilience::Policies::build(pipeline->spec_.resilience, "resilience", faults);
  pipeline->build_filters(kinds, inputs, faults);
  pipeline->build_flow(faults);
  pipeline->check_data(faults);
  if (faults.count() != faults_before) return nullptr;
  pipeline->check_use(faults);
  return pipeline;
}

void PipelinePrototype::check_data(config::Faults& faults) {
  const std::string protocol = spec_.protocol.value_or("");
  if (!protocol.empty() && protocol != "http")
    faults.add("protocol", config::quote(protocol) + " is not there: " + std::string(kHttpOnly));
  const config::Value& data = spec_.data.value;
  if (data.kind == config::Value::Kind::null) return;
  if (data.kind != config::Value::Kind::map) return faults.add("data", "must be a map");
  data_ = std::make_shared<const Json>(config::Encoder::of(data));
}

void PipelinePrototype::build_filters(const FilterKinds& kinds, const BuildInputs& inputs,
                                      config::Faults& faults) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < spec_.filters.size(); ++i) {
    const config::Value& value = spec_.filters[i].value;
    const std::string path = "filters[" + std::to_string(i) + "]";
    if (value.kind != config::Value::Kind::map) {
      faults.add(path, "must be a map with name and kind");
      filters_.push_back({});
      continue;
    }
    const std::string name = scalar_of(value, "name");
    const std::string kind_name = scalar_of(value, "kind");
    if (name == kEnd) faults.add(path + ".name", "END is built in, choose another name");
    if (!name.empty() && !names.insert(name).second)
      faults.add(path + ".name", "\"" + name + "\" is used twice");
    if (kind_name.empty()) {
      faults.add(path + ".kind", "is required");
      if (name.empty()) faults.add(path + ".name", "is required");
      filters_.push_back({name, nullptr, nullptr});  // so that the flow finds the name
      continue;
    }
    const FilterKind* kind = find_kind(kinds, kind_name);
    if (kind == nullptr) {
      faults.add(path + ".kind", unknown_kind(kind_name, kinds));
      if (name.empty()) faults.add(path + ".name", "is required");
      filters_.push_back({name, nullptr, nullptr});
      continue;
    }
    FilterContext context{
        .pipeline = spec_.name, .name = name, .path = path, .policies = &policies_};
    context.fresh = inputs.fresh;
    context.stop = inputs.stop;
    context.states = inputs.states.of_filter(name, kind_name);
    if (inputs.pins != nullptr && inputs.pins->contains(name)) context.pin = &inputs.pins->at(name);
    if (inputs.records != nullptr) {
      const auto record = inputs.records->find(name);
      if (record != inputs.records->end()) context.record = &record->second;
    }
    // Added even if its build failed, so that the faults of the flow are reported together with its
    // own.
    filters_.push_back({name, kind, kind->build(value, context, faults)});
    if (inputs.core_count == 0) continue;
    filters_.back().stats = context.states.keep(
        "runs", [&] { return std::make_shared<FilterStats>(inputs.core_count, kind->results()); });
  }
}

std::size_t PipelinePrototype::find_filter(const std::string& name, const std::string& path,
                                           config::Faults& faults) const {
  if (name == kEnd) return kEndNode;
  std::vector<std::string_view> known{kEnd};
  for (std::size_t i = 0; i < filters_.size(); ++i) {
    if (filters_[i].name == name) return i;
    known.push_back(filters_[i].name);
  }
  // A filter without a name has its own fault, and it may be this one.
  const bool may_be_there = std::ranges::find(known, "") != known.end();
  if (!name.empty() && !filters_.empty() && !may_be_there)
    faults.add(path, "no filter \"" + name + "\" is defined" + config::suggestion(name, known));
  return kUnknownNode;
}

void PipelinePrototype::build_flow(config::Faults& faults) {
  if (spec_.flow.empty()) {
    for (const NamedFilter& filter : filters_)
      spec_.flow.push_back({.filter = filter.name, .alias = {}, .jump_if = {}});
  }
  std::set<std::string_view> namespaces;
  for (std::size_t i = 0; i < spec_.flow.size(); ++i) {
    FlowNode& node = spec_.flow[i];
    const std::string path = "flow[" + std::to_string(i) + "]";
    if (node.alias.empty()) node.alias = node.filter;
    const std::size_t index = find_filter(node.filter, path + ".filter", faults);
    nodes_.push_back({index, node.alias, node.filter_namespace, {}});
    namespaces.insert(node.filter_namespace);
  }
  if (namespaces.size() > kNamespacesMax) {
    faults.add("flow", "has " + std::to_string(namespaces.size()) + " namespaces, at most " +
                           std::to_string(kNamespacesMax) + " allowed");
  }
  for (std::size_t i = 0; i < spec_.flow.size(); ++i) build_jumps(i, spec_.flow[i], faults);
}

void PipelinePrototype::build_jumps(std::size_t index, const FlowNode& node,
                                    config::Faults& faults) {
  const std::string path = "flow[" + std::to_string(index) + "].jumpIf";
  if (nodes_[index].filter == kEndNode) {
    if (!node.jump_if.empty()) faults.add(path, "END has no results to jump on");
    return;
  }
  if (nodes_[index].filter == kUnknownNode) return;
  const FilterKind* known_kind = filters_[nodes_[index].filter].kind;
  if (known_kind == nullptr) return;
  const FilterKind& kind = *known_kind;
  for (const auto& [result, target] : node.jump_if) {
    const auto results = kind.results();
    if (!result.empty() && std::ranges::find(results, std::string_view(result)) == results.end()) {
      std::string list;
      for (const auto known : results) list.append(list.empty() ? "" : ", ").append(known);
      faults.add(config::join_path(path, result),
                 "is not a result of " + std::string(kind.name()) + " (results: " + list + ")");
      continue;
    }
    std::size_t found = kEndNode;
    std::size_t matches = 0;
    for (std::size_t later = index + 1; later < nodes_.size(); ++later) {
      if (nodes_[later].alias != target || nodes_[later].filter == kEndNode) continue;
      found = later;
      ++matches;
    }
    if (target != kEnd && matches != 1) {
      faults.add(config::join_path(path, result),
                 matches == 0 ? "\"" + target + "\" is not a later node of the flow"
                              : "\"" + target + "\" names " + std::to_string(matches) +
                                    " later nodes, give them aliases");
      continue;
    }
    nodes_[index].jumps.emplace_back(result, target == kEnd ? kEndNode : found);
  }
}

Json PipelinePrototype::spec() const {
  Json json = config::encode(spec_);
  json["filters"] = Json::array();
  for (const NamedFilter& filter : filters_) json["filters"].push_back(filter.prototype->spec());
  json["resilience"] = policies_.spec();
  if (spec_.created_at.empty()) json.erase("createdAt");
  return json;
}

void PipelinePrototype::hold_limits(std::uint64_t revision) const {
  for (const NamedFilter& filter : filters_) filter.prototype->hold_limit(revision);
}

void PipelinePrototype::expose(std::string_view name, observe::Exposition& out) const {
  for (const NamedFilter& filter : filters_) {
    if (const auto* its = dynamic_cast<const WithFigures*>(filter.prototype.get()); its != nullptr)
      its->expose({name, filter.name}, out);
    if (!filter.stats) continue;
    filter.stats->each([&](std::string_view result, const observe::DurationCounts& counts) {
      out.histogram(kFilterRunFamilies.front(), {name, filter.name, filter.kind->name(), result},
                    counts);
    });
  }
}

void PipelinePrototype::sample() const {
  for (const NamedFilter& filter : filters_) filter.prototype->sample();
}

Json PipelinePrototype::status() const {
  Json filters = Json::object();
  for (const NamedFilter& filter : filters_) filters[filter.name] = filter.prototype->status();
  return {
      {"name", spec_.name}, {"kind", "Pipeline"}, {"health", ""}, {"filters", std::move(filters)}};
}

Json PipelinePrototype::pins() const {
  Json pins = Json::object();
  for (const NamedFilter& filter : filters_) {
    Json one = filter.prototype->pin();
    if (!one.is_null()) pins[filter.name] = std::move(one);
  }
  return pins;
}

net::CertificateEnds PipelinePrototype::certificates() const {
  net::CertificateEnds ends;
  for (const NamedFilter& filter : filters_) {
    const auto* its = dynamic_cast<const HoldsCertificates*>(filter.prototype.get());
    if (its == nullptr) continue;
    for (net::CertificateEnd& end : its->certificates()) {
      end.place = filter.name + " " + end.place;
      ends.push_back(std::move(end));
    }
  }
  return ends;
}

std::vector<std::string> PipelinePrototype::notes() const {
  std::vector<std::string> notes;
  for (const NamedFilter& filter : filters_) {
    if (std::string one = filter.prototype->note(); !one.empty())
      notes.push_back(filter.name + ": " + std::move(one));
  }
  return notes;
}

std::vector<std::string> PipelinePrototype::other_code() const {
  std::vector<std::string> remarks;
  for (const NamedFilter& filter : filters_) {
    const auto* its = dynamic_cast<const RunsOtherCode*>(filter.prototype.get());
    if (std::string one = its == nullptr ? "" : its->other_code(); !one.empty())
      remarks.push_back(filter.name + ": " + std::move(one));
  }
  return remarks;
}

const FilterPrototype* PipelinePrototype::find(std::string_view filter) const {
  for (const NamedFilter& each : filters_) {
    if (each.name == filter) return each.prototype.get();
  }
  return nullptr;
}

bool PipelinePrototype::has_code(std::string_view filter) const {
  return std::ranges::any_of(filters_, [filter](const NamedFilter& each) {
    return each.name == filter && each.kind->has_code();
  });
}

bool PipelinePrototype::has_shared_data() const {
  return std::ranges::any_of(
      filters_, [](const NamedFilter& each) { return each.prototype->has_shared_data(); });
}

std::shared_ptr<const PipelinePrototype> PipelinePrototype::reload(std::vector<ReloadNote>& notes,
                                                                   const StateScope& states,
                                                                   const ReloadInputs& inputs,
                                                                   std::string_view only) const {
  auto next = std::make_shared<PipelinePrototype>(*this);
  bool changed = false;
  for (NamedFilter& filter : next->filters_) {
    if (!only.empty() && filter.name != only) continue;
    std::string remark;
    ReloadInputs its = inputs;
    its.remark = &remark;
    auto fresh = filter.prototype->reload(states.of_filter(filter.name, filter.kind->name()), its);
    if (filter.kind->has_code()) {
      notes.push_back({filter.name, fresh.has_value() && *fresh != nullptr,
                       fresh ? "" : fresh.error().message, std::move(remark)});
    }
    if (!fresh || *fresh == nullptr) continue;
    filter.prototype = *std::move(fresh);
    changed = true;
  }
  return changed ? next : nullptr;
}

}  // namespace sluice::pipeline
