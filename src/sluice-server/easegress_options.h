// SPDX-License-Identifier: Apache-2.0
// The options of Easegress' configuration files that Sluice's have not.
#pragma once

#include <string_view>

#include "config/faults.h"
#include "config/value.h"

namespace sluice::server_program {

// Removes these options from `file`, a configuration file. `cluster-role`, a `cluster` of one
// member and empty values are accepted and have no effect. For each of the others, adds a fault
// with what to do.
void take_easegress_options(config::Value& file, config::Faults& faults);

// What to do about `argument` of a command line (`--initial-cluster=…`); "" if Easegress has no
// such flag.
[[nodiscard]] std::string_view advice_for_flag(std::string_view argument);

}  // namespace sluice::server_program
