// SPDX-License-Identifier: Apache-2.0
// The JSON value used for encoded specs and status. Keys are sorted, as the REST API promises.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace sluice {
using Json = nlohmann::json;
}
