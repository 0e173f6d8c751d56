// SPDX-License-Identifier: Apache-2.0
// The files of the live picture, which the build embeds (cmake/embed.cmake).
#pragma once

#include <span>
#include <string_view>

namespace sluice::admin {

struct PictureFile {
  std::string_view name;  // "app.js"
  std::string_view bytes;
};
[[nodiscard]] std::span<const PictureFile> picture_files();

}  // namespace sluice::admin
