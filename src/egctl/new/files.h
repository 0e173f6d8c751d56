// SPDX-License-Identifier: Apache-2.0
// The files of which `egctl wasm new` makes projects. The build embeds them (cmake/embed.cmake).
#pragma once

#include <span>
#include <string_view>

namespace sluice::egctl {

struct NewFile {
  std::string_view name;  // from the top of the repository: "sdk/c/sluice.h"
  std::string_view bytes;
};
[[nodiscard]] std::span<const NewFile> new_files();

}  // namespace sluice::egctl
