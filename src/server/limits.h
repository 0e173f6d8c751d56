// SPDX-License-Identifier: Apache-2.0
// What a client may take of us. Times are for progress, not for whole messages.
#pragma once

#include <chrono>
#include <cstdint>

namespace sluice::server {

inline constexpr std::chrono::seconds kHeadTimeout{
    30};  // from a request's first byte to the end of its head
inline constexpr std::chrono::seconds kTlsHandshakeTimeout{10};
inline constexpr std::chrono::seconds kBodyTimeout{60};   // between two reads of a body
inline constexpr std::chrono::seconds kWriteTimeout{60};  // for a write to be taken
inline constexpr std::chrono::seconds kLingerTimeout{
    2};                                               // after a refusal, for the client to read it
inline constexpr std::size_t kReadBytes = 16 * 1024;  // one read
inline constexpr std::size_t kDrainBytesMax =
    256 * 1024;  // of an unread body, to keep the connection
inline constexpr std::size_t kJoinBytesMax =
    64 * 1024;  // bodies up to this go out in one write with the head

}  // namespace sluice::server
