// SPDX-License-Identifier: Apache-2.0
// --initial-object-config-files
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "control/controller.h"

namespace sluice::server_program {

// Creates the objects of these files whose names are free. The error names file and fault.
[[nodiscard]] Result<void> create_initial_objects(const std::vector<std::string>& files,
                                                  control::Controller& controller,
                                                  const Logger& logger);

}  // namespace sluice::server_program
