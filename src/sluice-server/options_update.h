// SPDX-License-Identifier: Apache-2.0
// The changes to the options that a SIGHUP brings.
#pragma once

#include <string>

#include "base/result.h"
#include "sluice-server/options.h"

namespace sluice::server_program {

struct OptionsUpdate {
  Options in_force;     // the running options, with the live ones replaced by those read
  std::string changed;  // keys of the changed live options, with commas, sorted
  std::string waiting;  // likewise, of the options that need a restart
};

// The error has one detail per fault of the combined options.
[[nodiscard]] Result<OptionsUpdate> update(const Options& running, const Options& read);

}  // namespace sluice::server_program
