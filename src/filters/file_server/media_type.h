// SPDX-License-Identifier: Apache-2.0
// The media type of a file, by its name. Any thread.
#pragma once

#include <string_view>

namespace sluice::filters {

// "text/html; charset=utf-8" for "a/index.html"; "application/octet-stream" for an unknown ending.
[[nodiscard]] std::string_view media_type_of(std::string_view name);

}  // namespace sluice::filters
