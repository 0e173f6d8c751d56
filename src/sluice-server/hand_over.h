// SPDX-License-Identifier: Apache-2.0
// Constants that the old and the new process of a hot restart share. The comment of
// successor_process.h shows their messages in order.
#pragma once

#include <chrono>

namespace sluice::server_program {

// The variable that tells the successor which descriptor is its end of the channel.
inline constexpr const char* kPredecessorVariable = "SLUICE_PREDECESSOR";
// For the transmission of one message.
inline constexpr std::chrono::seconds kSendTimeout{10};

}  // namespace sluice::server_program
