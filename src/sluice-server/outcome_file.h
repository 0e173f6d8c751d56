// SPDX-License-Identifier: Apache-2.0
// How a signal to the server has ended, in a file of the home directory, for a caller that waits.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "sluice-server/options.h"

namespace sluice::server_program {

// The files in the home directory.
inline constexpr std::string_view kUpgradeOutcome = "upgrade.outcome";
inline constexpr std::string_view kReloadOutcome = "reload.outcome";

// The server: replaces the outcome. `text`: one line for the caller. A file that cannot be written
// costs the caller its answer, and nothing else.
void note_outcome(const Options& options, std::string_view file, const Result<std::string>& text);

// The caller: what the file holds now; "" if it is not there.
[[nodiscard]] std::string read_outcome(const Options& options, std::string_view file);
// Waits until the file holds something else than `before`, and returns it. Errors: the outcome is a
// failure; `timed_out`; `closed`: process `pid` has ended without a word.
[[nodiscard]] Result<std::string> await_outcome(const Options& options, std::string_view file,
                                                const std::string& before, int pid,
                                                Duration patience);

}  // namespace sluice::server_program
