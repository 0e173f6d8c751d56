// SPDX-License-Identifier: Apache-2.0
#include "control/kinds/part_pipeline.h"

#include "control/custom_kind.h"

namespace sluice::control {
namespace {

// "filters[0].kind: is required" below "beforePipeline": "beforePipeline.filters[0].kind: …"
std::string moved_below(const std::string& path, const std::string& line, std::string_view place) {
  if (place.empty()) return path + "." + line;
  return line.starts_with(place) ? path + line.substr(place.size()) : path + ": " + line;
}

}  // namespace

std::shared_ptr<const pipeline::PipelinePrototype> build_part(
    const config::Value& document, const std::string& path, std::string_view place,
    const pipeline::StateScope& states, const BuildContext& context, config::Faults& faults) {
  config::Faults own;
  auto built = pipeline::PipelinePrototype::build(document, context.filters,
                                                  {.states = states,
                                                   .fresh = context.background.fresh,
                                                   .stop = context.background.stop,
                                                   .core_count = context.core_count},
                                                  own);
  for (const std::string& line : own.lines()) faults.add("", moved_below(path, line, place));
  for (const std::string& line : own.warnings()) faults.warn("", moved_below(path, line, place));
  return built;
}

std::vector<ObjectPrototype::Reference> custom_references(
    const pipeline::PipelinePrototype& pipeline) {
  std::vector<ObjectPrototype::Reference> references;
  for (const auto& [field, name] : pipeline.custom_kinds())
    references.push_back({field, std::string(kCustomDataKind), name});
  return references;
}

void add_certificates(const pipeline::PipelinePrototype& part, std::string_view path,
                      net::CertificateEnds& ends) {
  for (net::CertificateEnd& end : part.certificates()) {
    end.place = std::string(path) + " " + end.place;
    ends.push_back(std::move(end));
  }
}

}  // namespace sluice::control
