// SPDX-License-Identifier: Apache-2.0
// Runs a parsed template. Any thread.
#pragma once

#include <string>

#include "templates/nodes.h"
#include "templates/render_options.h"

namespace sluice::templates {

[[nodiscard]] Result<Rendered> render(const Program& program, const Datum& root,
                                      const RenderOptions& options);

}  // namespace sluice::templates
