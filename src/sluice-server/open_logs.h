// SPDX-License-Identifier: Apache-2.0
// The two logs of the process, where the options want them: files, standard streams, or the
// machine's log daemon. Main thread, while the process starts.
#pragma once

#include <memory>

#include "base/log.h"
#include "base/result.h"
#include "observe/access_log.h"
#include "sluice-server/options.h"

namespace sluice::server_program {

// Opens the process log, after its folder was made. Error: the option and what to do.
[[nodiscard]] Result<Logger> open_log(const Options& options);
// Opens the access log of `cores` event loops. Null: the options want none.
[[nodiscard]] Result<std::unique_ptr<observe::AccessLog>> open_access_log(const Options& options,
                                                                          unsigned cores,
                                                                          const Logger& logger);

}  // namespace sluice::server_program
