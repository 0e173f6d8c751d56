// SPDX-License-Identifier: Apache-2.0
#include "control/kinds/pipeline.h"

#include <nlohmann/json.hpp>

#include "control/kinds/part_pipeline.h"

namespace sluice::control {
namespace {

constexpr const char* kPipelineKind = "Pipeline";

class PipelineObject final : public ObjectPrototype {
 public:
  explicit PipelineObject(std::shared_ptr<const pipeline::PipelinePrototype> pipeline)
      : pipeline_(std::move(pipeline)) {}
  [[nodiscard]] const std::shared_ptr<const pipeline::PipelinePrototype>& pipeline() const {
    return pipeline_;
  }
  [[nodiscard]] Json spec() const override { return pipeline_->spec(); }
  void publish(const std::string& name, server::Snapshot& next) const override {
    next.pipelines.emplace(name, pipeline_);
  }
  [[nodiscard]] Json status(const StatusContext&) const override { return pipeline_->status(); }
  void expose(const StatusContext&, observe::Exposition& out) const override {
    pipeline_->expose(pipeline_->name(), out);
  }
  void hold_limits(std::uint64_t revision) const override { pipeline_->hold_limits(revision); }
  void sample() const override { pipeline_->sample(); }
  [[nodiscard]] Json pins() const override { return pipeline_->pins(); }
  [[nodiscard]] net::CertificateEnds certificates() const override {
    return pipeline_->certificates();
  }
  [[nodiscard]] std::vector<Reference> references() const override {
    return custom_references(*pipeline_);
  }
  [[nodiscard]] std::vector<std::string> notes() const override { return pipeline_->notes(); }
  [[nodiscard]] std::vector<std::string> other_code() const override {
    return pipeline_->other_code();
  }

 private:
  std::shared_ptr<const pipeline::PipelinePrototype> pipeline_;
};

std::shared_ptr<const ObjectPrototype> build_pipeline(const config::Value& document,
                                                      const BuildContext& context,
                                                      config::Faults& faults) {
  const Background& background = context.background;
  const Json* pins = background.pins;
  return make_pipeline(pipeline::PipelinePrototype::build(
      document, context.filters,
      {.states = context.states,
       .pins = pins != nullptr && pins->is_object() ? pins : nullptr,
       .records = background.records,
       .fresh = background.fresh,
       .stop = background.stop,
       .core_count = context.core_count},
      faults));
}

}  // namespace

ObjectKind pipeline_kind() {
  return {.category = "Pipeline",
          .kind = kPipelineKind,
          .name = "pipeline",
          .aliases = {"pipelines", "pl"},
          .schema = config::schema<pipeline::PipelineSpec>,
          .defaults = [] { return config::encode(pipeline::PipelineSpec{}); },
          .build = build_pipeline,
          .about = "Filters, and the flow in which they handle requests."};
}

bool is_pipeline(const Object& object) { return object.kind == kPipelineKind; }

std::shared_ptr<const pipeline::PipelinePrototype> pipeline_of(const Object& object) {
  const auto* prototype = dynamic_cast<const PipelineObject*>(object.prototype.get());
  return prototype != nullptr ? prototype->pipeline() : nullptr;
}

std::shared_ptr<const ObjectPrototype> make_pipeline(
    std::shared_ptr<const pipeline::PipelinePrototype> pipeline) {
  return pipeline ? std::make_shared<PipelineObject>(std::move(pipeline)) : nullptr;
}

}  // namespace sluice::control
