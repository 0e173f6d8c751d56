// SPDX-License-Identifier: Apache-2.0
// The options of Easegress' configuration files that Sluice's have not.
#pragma once

#include "config/faults.h"
#include "config/value.h"

namespace sluice::server_program {

// Removes these options from `file`, a configuration file. `cluster-role` and a `cluster` of one
// member are accepted and have no effect. For each of the others, adds a fault with what to do.
void take_easegress_options(config::Value& file, config::Faults& faults);

}  // namespace sluice::server_program
