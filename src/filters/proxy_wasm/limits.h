// SPDX-License-Identifier: Apache-2.0
// The bounds of what a guest may use, besides those of its filter.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/time.h"

namespace sluice::filters::proxy_wasm {

// Names that a guest has set or removed in a message that may bring trailers.
inline constexpr std::size_t kClaimedNamesMax = 1000;
inline constexpr std::size_t kClaimedBytesMax = std::size_t{1} << 20;  // of these, together
inline constexpr std::size_t kPropertiesMax = 32;  // that a guest has set, of one stream
inline constexpr std::size_t kPropertyBytesMax = std::size_t{64} << 10;  // of these, together
inline constexpr std::size_t kCallsMax = 100;                            // under way, of one VM
inline constexpr unsigned kCallsOfStreamMax = 10;                        // of these
inline constexpr std::size_t kCallTargetBytesMax = 253;                 // longest name of an object
inline constexpr std::size_t kCallBodyBytesMax = std::size_t{1} << 20;  // of request and response
inline constexpr Duration kCallTimeoutMax = std::chrono::seconds(60);
inline constexpr Duration kTickMin = std::chrono::milliseconds(10);
inline constexpr std::size_t kWaitingMax = 10'000;  // callbacks that wait for their VM

}  // namespace sluice::filters::proxy_wasm
