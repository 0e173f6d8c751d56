// SPDX-License-Identifier: Apache-2.0
// Clients that follow a stream of the API. Each holds a place as long as it follows. Any thread.
#pragma once

#include <expected>
#include <memory>
#include <string_view>

#include "admin/caller_slots.h"
#include "admin/router.h"

namespace sluice::admin {

using FollowerPlace = std::shared_ptr<CallerSlots::Slot>;

// Returns a place among the followers of `stream` ("the log"), or the response to a client for
// which there is none: 503 at the bound of all followers, 429 at that of its user or its address.
[[nodiscard]] std::expected<FollowerPlace, ApiResponse> admit_follower(
    const std::shared_ptr<CallerSlots>& places, const ApiRequest& request, std::string_view stream);

}  // namespace sluice::admin
