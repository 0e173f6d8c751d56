// SPDX-License-Identifier: Apache-2.0
#include "sluice-server/program.h"

#include <unistd.h>

#include <array>
#include <string_view>

namespace sluice::server_program {

Program Program::of(int argc, char** argv) {
  constexpr std::string_view kReplaced = " (deleted)";
  std::array<char, 4096> buffer{};
  const ssize_t size = ::readlink("/proc/self/exe", buffer.data(), buffer.size() - 1);
  std::string path =
      size > 0 ? std::string(buffer.data(), static_cast<std::size_t>(size)) : argv[0];
  // The kernel marks an executable that was replaced or removed. An old process restarts itself
  // from /proc/self/exe if the file that replaced it is broken.
  if (path.ends_with(kReplaced)) path.resize(path.size() - kReplaced.size());
  return {path, {argv, argv + argc}};
}

}  // namespace sluice::server_program
