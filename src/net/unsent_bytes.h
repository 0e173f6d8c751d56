// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace sluice::net {

// The unsent bytes that the kernel keeps for a peer. The bound keeps a slow reader from holding
// megabytes of our memory. It also makes progress visible: each half of this that the peer reads
// makes the socket writable.
inline constexpr int kUnsentBytesMax = 128 * 1024;

}  // namespace sluice::net
