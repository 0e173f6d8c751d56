// SPDX-License-Identifier: Apache-2.0
// Words of our schemas that JSON Schema does not have.
#pragma once

namespace sluice::config {

// The bounds of a duration, which is a string in a document.
inline constexpr const char* kDurationMin = "x-minimum";
inline constexpr const char* kDurationMax = "x-maximum";

}  // namespace sluice::config
