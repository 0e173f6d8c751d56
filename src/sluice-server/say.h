// SPDX-License-Identifier: Apache-2.0
// Words of the program on standard error, beside its log.
#pragma once

#include <string>
#include <vector>

namespace sluice::server_program {

// Writes `text` as one line. Never blocks: if standard error is a pipe that nobody reads and that
// is full, the line is lost. Any thread.
void say(std::string text);

// Says an error and what belongs to it, as "sluice-server: MESSAGE" and an indented line for each.
void say_error(const std::string& message, const std::vector<std::string>& details);

}  // namespace sluice::server_program
