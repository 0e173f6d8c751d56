// SPDX-License-Identifier: Apache-2.0
// SIGHUP, the options: what a configuration that was read again changes.
#pragma once

#include <string>

#include "base/result.h"
#include "sluice-server/options.h"

namespace sluice::server_program {

struct OptionsUpdate {
  Options in_force;     // the running options with the live ones of those that were read
  std::string changed;  // keys of the live options that differ, with commas, sorted
  std::string waiting;  // likewise of the others: a restart puts them in force
};

// The error has one detail per fault of the mixture.
[[nodiscard]] Result<OptionsUpdate> update(const Options& running, const Options& read);

}  // namespace sluice::server_program
