// SPDX-License-Identifier: Apache-2.0
// The options of Easegress' configuration files that Sluice's have not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/faults.h"
#include "config/value.h"

namespace sluice::server_program {

// Replaces these options in `file`, a configuration file. Those of a cluster of several members
// become `store: etcd` with its `etcd-endpoints`, unless the file has a `store`. Returns notes for
// the user: what was read as something else, and what has no effect. Adds a fault with what to do
// for each option that cannot be left out in silence.
[[nodiscard]] std::vector<std::string> take_easegress_options(config::Value& file,
                                                              config::Faults& faults);

// What to do about `argument` of a command line (`--initial-cluster=…`); "" if Easegress has no
// such flag.
[[nodiscard]] std::string_view advice_for_flag(std::string_view argument);

}  // namespace sluice::server_program
