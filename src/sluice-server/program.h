// SPDX-License-Identifier: Apache-2.0
// Program: the command with which this program was started.
#pragma once

#include <string>
#include <vector>

namespace sluice::server_program {

struct Program {
  std::string path;  // of the executable, which a newer version may have replaced
  std::vector<std::string> arguments;

  [[nodiscard]] static Program of(int argc, char** argv);
};

}  // namespace sluice::server_program
