// SPDX-License-Identifier: Apache-2.0
// Runs a parsed template. Any thread.
#pragma once

#include <string>

#include "templates/nodes.h"
#include "templates/template.h"

namespace sluice::templates {

[[nodiscard]] Result<std::string> render(const Program& program, const Datum& root,
                                         const RenderOptions& options);

}  // namespace sluice::templates
