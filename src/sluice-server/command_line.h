// SPDX-License-Identifier: Apache-2.0
// What the program was called with.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "sluice-server/options.h"

namespace sluice::server_program {

struct CommandLine {
  Options options;
  bool exit = false;  // help or version was asked for, or an error was printed
  int exit_code = 0;
};

// Prints help, version, the configuration (-c) or what is wrong (exit code 1) itself.
[[nodiscard]] CommandLine parse_command_line(int argc, char** argv);

// The options of the same command line as the environment and the configuration file say them now.
// Errors name the file and the path of the field.
[[nodiscard]] Result<Options> read_options(const std::vector<std::string>& arguments);

}  // namespace sluice::server_program
