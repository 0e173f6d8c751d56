// SPDX-License-Identifier: Apache-2.0
// The limits of a client that its HTTPServer does not configure. (headTimeout, bodyTimeout,
// writeTimeout, keepAliveTimeout, maxConnections and clientMaxBodySize are configured.)
// docs/limits.md lists all.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sluice::server {

inline constexpr std::chrono::seconds kProxyHeaderTimeout{5};
inline constexpr std::chrono::seconds kTlsHandshakeTimeout{10};
// Lingering after the last response, so that the client can read it (RFC 9112 section 9.6): the
// longest silence, the same for an upload that was answered early, the longest time, and the most
// bytes that are read and discarded.
inline constexpr std::chrono::seconds kLingerTimeout{2};
inline constexpr std::chrono::seconds kLingerUploadTimeout{5};
inline constexpr std::chrono::seconds kLingerTimeMax{30};
inline constexpr std::uint64_t kLingerBytesMax = std::uint64_t{1} << 30;
// bodyTimeout and writeTimeout apply to every piece of this size.
inline constexpr std::size_t kProgressBytes = 64 * 1024;
// The first read of a request, into the small buffer.
inline constexpr std::size_t kFirstBytes = 1024;
inline constexpr std::size_t kReadBytes = 16 * 1024;  // one read
// While the core is overloaded: the connections accepted in a row, since a new connection costs
// more than a request; and the least backlog of the kernel.
inline constexpr int kOverloadedAccepts = 8;
inline constexpr int kOverloadedBacklogMin = 64;
// The most that is read of an unwanted body to keep the connection or the stream.
inline constexpr std::size_t kDrainBytesMax = 256 * 1024;
// The interim responses of one request. Further ones are dropped.
inline constexpr std::size_t kInterimBytesMax = 64 * 1024;
// Bodies up to this size are written together with the head.
inline constexpr std::size_t kJoinBytesMax = 64 * 1024;

// The memory of a connection besides requests, as measured by bench/idle.py.
inline constexpr std::size_t kConnectionStateBytes = 3 * 1024;
inline constexpr std::size_t kH2StateBytes = 7 * 1024;    // in addition
inline constexpr std::size_t kTlsStateBytes = 16 * 1024;  // in addition
// The Retry-After, in seconds, of requests that overload or a limit refuses.
inline constexpr unsigned kRetryAfterSeconds = 5;
// A response up to this size is never refused for lack of memory: the effect that it reports has
// happened already.
inline constexpr std::size_t kSmallResponseBytes = 64 * 1024;
// A connection may hold this beside its one request or response, whatever connectionMemory says.
inline constexpr std::size_t kConnectionSpareBytes = 256 * 1024;

// HTTP/2 connections. The limits of the protocol itself are in http/h2/session_limits.h.
inline constexpr std::size_t kIdleReadBytes = 2 * 1024;         // one read while no stream is open
inline constexpr std::size_t kWriteBytes = 64 * 1024;           // the approximate size of one write
inline constexpr std::size_t kWaitingFramesMax = 512;           // reading stops beyond this
inline constexpr std::size_t kSpareStreamBytesMax = 64 * 1024;  // of a stream kept for reuse
inline constexpr std::size_t kSpareHeadBytesMax = 16 * 1024;    // the decoded head of such a stream
// The memory of the decoded heads of a connection's open streams. A single head is always accepted.
inline constexpr std::size_t kConnectionHeadBytesMax = 2 * 1024 * 1024;
inline constexpr std::chrono::seconds kGoawayGrace{1};  // between the two steps of a shutdown

}  // namespace sluice::server
