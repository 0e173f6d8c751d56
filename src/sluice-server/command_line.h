// SPDX-License-Identifier: Apache-2.0
// The command line of the program.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "sluice-server/options.h"

namespace sluice::server_program {

struct CommandLine {
  Options options;
  bool check = false;  // the options are to be checked, and nothing is started
  bool exit = false;   // help or version was printed, or an error
  int exit_code = 0;
};

// Prints help, the version, the configuration (-c) or the faults (exit code 1) itself.
[[nodiscard]] CommandLine parse_command_line(int argc, char** argv);

// The options of the same command line, with the current environment and configuration file. Errors
// name the path of the field, and the file if it is at fault alone.
[[nodiscard]] Result<Options> read_options(const std::vector<std::string>& arguments);

}  // namespace sluice::server_program
