// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <csignal>
#include <exception>
#include <iostream>

#include "egctl/command_line.h"

int main(int argc, char** argv) try {
  std::signal(SIGPIPE, SIG_IGN);
  std::ios::sync_with_stdio(false);
  const bool colour = ::isatty(STDERR_FILENO) != 0;
  return sluice::egctl::run({argv + 1, argv + argc}, std::cout, std::cerr, colour);
} catch (const std::exception& error) {
  std::cerr << "Error: " << error.what() << "\n";
  return 1;
}
