// SPDX-License-Identifier: Apache-2.0
// Documents of older versions, as this version writes them. Any thread.
#pragma once

#include <optional>

#include "config/faults.h"
#include "config/value.h"

namespace sluice::control {

// Returns an HTTPPipeline as a Pipeline, with a warning; nullopt for every other document.
[[nodiscard]] std::optional<config::Value> of_this_version(const config::Value& document,
                                                           config::Faults& faults);

}  // namespace sluice::control
