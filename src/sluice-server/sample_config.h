// SPDX-License-Identifier: Apache-2.0
// The configuration file that --sample-config prints: the one in packages.
#pragma once

#include <string>

namespace sluice::server_program {

// Returns YAML with every option of Options::each(): its meaning, its flag and variable, and its
// default behind a `#`. The file without these `#` has the same meaning as an empty one.
[[nodiscard]] std::string sample_config();

}  // namespace sluice::server_program
