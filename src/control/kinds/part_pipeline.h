// SPDX-License-Identifier: Apache-2.0
// A pipeline that is a part of an object of another kind.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "control/object_kind.h"
#include "control/object_prototype.h"
#include "pipeline/prototype.h"

namespace sluice::control {

// Builds the pipeline of `document`, whose name is that of the object. `path`: of the part in the
// document of the object. `place`: the path in `document` that stands for the part; "": the whole.
// Faults and warnings have paths below `path`. Null exactly if a fault was added.
[[nodiscard]] std::shared_ptr<const pipeline::PipelinePrototype> build_part(
    const config::Value& document, const std::string& path, std::string_view place,
    const pipeline::StateScope& states, const BuildContext& context, config::Faults& faults);

// The kinds of custom data that the filters of a pipeline look up.
[[nodiscard]] std::vector<ObjectPrototype::Reference> custom_references(
    const pipeline::PipelinePrototype& pipeline);

// Adds the certificates of the part at `path` of an object.
void add_certificates(const pipeline::PipelinePrototype& part, std::string_view path,
                      net::CertificateEnds& ends);

}  // namespace sluice::control
