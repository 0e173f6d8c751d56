// SPDX-License-Identifier: Apache-2.0
#include "control/kinds/global_filter.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "config/from_json.h"
#include "control/kinds/part_pipeline.h"

namespace sluice::control {
namespace {

using FlowPart = std::shared_ptr<const pipeline::PipelinePrototype>;

constexpr const char* kBefore = "beforePipeline";
constexpr const char* kAfter = "afterPipeline";
// The members of a pipeline that are the object's here.
constexpr std::array<std::string_view, 6> kMembersOfObject{"name",   "kind",      "version",
                                                           "labels", "createdAt", "protocol"};

struct FallthroughSpec {
  bool before_pipeline = false;
  bool pipeline = false;
  void fields(auto& visit) {
    visit("beforePipeline", before_pipeline,
          {.doc = "the pipeline runs even if beforePipeline ended early"});
    visit("pipeline", pipeline, {.doc = "afterPipeline runs even if the pipeline ended early"});
  }
};

struct GlobalFilterSpec {
  std::string name;
  std::string kind = "GlobalFilter";
  std::string version = "easegress.megaease.com/v2";
  std::map<std::string, std::string> labels;
  config::UndecodedValue before;
  config::UndecodedValue after;
  FallthroughSpec fallthrough;

  void fields(auto& visit) {
    visit("name", name,
          {.required = true, .format = config::Format::name, .doc = "unique among all objects"});
    visit("kind", kind, {.required = true, .one_of = {"GlobalFilter"}, .doc = "GlobalFilter"});
    visit("version", version, {.doc = "free text"});
    visit("labels", labels, {.doc = "free text"});
    visit.ignore("createdAt");
    visit(kBefore, before, {.doc = "flow, filters, resilience and data, as of a Pipeline"});
    visit(kAfter, after, {.doc = "likewise; before, after, or both"});
    visit("fallthrough", fallthrough, {.doc = "what an early end does not end"});
  }
};

bool is_part_given(const config::UndecodedValue& part) {
  return !part.value.scalar.empty() || !part.value.items.empty() || !part.value.members.empty();
}

class GlobalFilterObject final : public ObjectPrototype {
 public:
  GlobalFilterObject(GlobalFilterSpec spec, FlowPart before, FlowPart after)
      : spec_(std::move(spec)), before_(std::move(before)), after_(std::move(after)) {}

  [[nodiscard]] Json spec() const override {
    GlobalFilterSpec copy = spec_;
    Json json = config::encode(copy);
    if (before_) json[kBefore] = spec_of_part(*before_);
    if (after_) json[kAfter] = spec_of_part(*after_);
    return json;
  }
  void publish(const std::string& name, server::Snapshot& next) const override {
    if (before_) next.pipelines.emplace(server::before_key(name), before_);
    if (after_) next.pipelines.emplace(server::after_key(name), after_);
    next.global_filters.emplace(
        name, server::Fallthrough{spec_.fallthrough.before_pipeline, spec_.fallthrough.pipeline});
  }
  [[nodiscard]] Json status(const StatusContext&) const override {
    Json status = {{"health", ""}};
    if (before_) status[kBefore] = before_->status()["filters"];
    if (after_) status[kAfter] = after_->status()["filters"];
    return status;
  }
  void expose(const StatusContext&, observe::Exposition& out) const override {
    if (before_) before_->expose(server::before_key(spec_.name), out);
    if (after_) after_->expose(server::after_key(spec_.name), out);
  }
  void sample() const override {
    if (before_) before_->sample();
    if (after_) after_->sample();
  }
  [[nodiscard]] std::vector<Reference> references() const override {
    std::vector<Reference> all;
    for (const auto& [path, part] : {std::pair(kBefore, before_), std::pair(kAfter, after_)}) {
      if (!part) continue;
      for (Reference& one : custom_references(*part)) {
        one.path = std::string(path) + "." + one.path;
        all.push_back(std::move(one));
      }
    }
    return all;
  }
  [[nodiscard]] net::CertificateEnds certificates() const override {
    net::CertificateEnds ends;
    if (before_) add_certificates(*before_, kBefore, ends);
    if (after_) add_certificates(*after_, kAfter, ends);
    return ends;
  }

 private:
  static Json spec_of_part(const pipeline::PipelinePrototype& pipeline) {
    Json json = pipeline.spec();
    for (const std::string_view name : kMembersOfObject) json.erase(std::string(name));
    return json;
  }

  GlobalFilterSpec spec_;
  FlowPart before_;  // null: none
  FlowPart after_;
};

// A filter with shared data needs a pipeline of its own, whose name its data has.
void refuse_shared_data(const config::Value& part, const std::string& path,
                        const BuildContext& context, config::Faults& faults) {
  const config::Value* filters = part.find("filters");
  if (filters == nullptr) return;
  for (std::size_t i = 0; i < filters->items.size(); ++i) {
    const config::Value* kind = filters->items[i].find("kind");
    const bool has_code =
        kind != nullptr && std::ranges::any_of(context.filters, [kind](const auto& each) {
          return each->has_code() && each->name() == kind->scalar;
        });
    if (has_code) {
      faults.add(path + ".filters[" + std::to_string(i) + "].kind",
                 "a " + kind->scalar + " stands in a Pipeline");
    }
  }
}

FlowPart build_flow_part(const std::string& object, const config::UndecodedValue& part,
                         const std::string& path, const BuildContext& context,
                         config::Faults& faults) {
  if (!is_part_given(part)) return nullptr;
  const std::size_t faults_before = faults.count();
  if (part.value.kind == config::Value::Kind::map) {
    refuse_shared_data(part.value, path, context, faults);
  } else {
    faults.add(path, "must be a map");
  }
  if (faults.count() != faults_before) return nullptr;
  config::Value document = part.value;
  std::erase_if(document.members, [](const config::Value::Member& member) {
    return std::ranges::find(kMembersOfObject, member.key) != kMembersOfObject.end();
  });
  document.members.push_back({"name", config::from_json(object)});
  document.members.push_back({"kind", config::from_json("Pipeline")});
  return build_part(document, path, "", context.states.within(path), context, faults);
}

std::shared_ptr<const ObjectPrototype> build_global_filter(const config::Value& document,
                                                           const BuildContext& context,
                                                           config::Faults& faults) {
  const std::size_t faults_before = faults.count();
  auto spec = config::decode<GlobalFilterSpec>(document, "", faults);
  if (faults.count() != faults_before) return nullptr;
  if (!is_part_given(spec.before) && !is_part_given(spec.after))
    faults.add(kBefore, "is required, or afterPipeline");
  FlowPart before = build_flow_part(spec.name, spec.before, kBefore, context, faults);
  FlowPart after = build_flow_part(spec.name, spec.after, kAfter, context, faults);
  if (faults.count() != faults_before) return nullptr;
  return std::make_shared<GlobalFilterObject>(std::move(spec), std::move(before), std::move(after));
}

}  // namespace

ObjectKind global_filter_kind() {
  return {.category = "Pipeline",
          .kind = "GlobalFilter",
          .name = "globalfilter",
          .aliases = {"globalfilters", "gf"},
          .schema = config::schema<GlobalFilterSpec>,
          .defaults = [] { return config::encode(GlobalFilterSpec{}); },
          .build = build_global_filter,
          .about = "Filters before and after the pipelines of HTTPServers."};
}

}  // namespace sluice::control
