// SPDX-License-Identifier: Apache-2.0
// Objects of the kind Pipeline.
#pragma once

#include <memory>

#include "control/object.h"
#include "control/object_kind.h"
#include "pipeline/prototype.h"

namespace sluice::control {

[[nodiscard]] ObjectKind pipeline_kind();

// Whether the object is a Pipeline, running or not.
[[nodiscard]] bool is_pipeline(const Object& object);
// Null if the object is not a Pipeline, or does not run.
[[nodiscard]] std::shared_ptr<const pipeline::PipelinePrototype> pipeline_of(const Object& object);
[[nodiscard]] std::shared_ptr<const ObjectPrototype> make_pipeline(
    std::shared_ptr<const pipeline::PipelinePrototype> pipeline);

}  // namespace sluice::control
