// SPDX-License-Identifier: Apache-2.0
// The documents that the controller has in the store.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "control/object.h"
#include "store/store.h"

namespace sluice::control {

inline constexpr std::string_view kObjects = "objects";  // name -> completed spec
inline constexpr std::string_view kPins = "pins";        // name of a pipeline -> Object::pins
inline constexpr std::string_view kMeta = "meta";
inline constexpr std::string_view kVersionKey = "config-version";

// No document for an object without pins.
[[nodiscard]] store::DocumentChange pins_change(const Object& object);

}  // namespace sluice::control
