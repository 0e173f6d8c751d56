// SPDX-License-Identifier: Apache-2.0
// Skeleton: the YAML of a template whose structure depends on no data. It is parsed once; a request
// makes the values only. Immutable; any thread.
#pragma once

#include <optional>

#include "templates/nodes.h"

namespace sluice::templates {

// True if the action prints nothing, whatever the data are.
[[nodiscard]] bool is_silent(const TemplateNode& node);

// nullopt if the structure of the output may depend on the data.
[[nodiscard]] std::optional<Skeleton> make_skeleton(const Program& program);

}  // namespace sluice::templates
