// SPDX-License-Identifier: Apache-2.0
// What a client may take of us, beside what its HTTPServer says (headTimeout, bodyTimeout,
// writeTimeout, keepAliveTimeout, maxConnections, clientMaxBodySize). docs/limits.md lists all.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sluice::server {

inline constexpr std::chrono::seconds kProxyHeaderTimeout{5};
inline constexpr std::chrono::seconds kTlsHandshakeTimeout{10};
// After the last response, for the client to read it: how long it may send nothing, and then, while
// it sends on, for how long and how much of it is read and forgotten (RFC 9112 section 9.6). An
// upload that was answered early may pause for longer.
inline constexpr std::chrono::seconds kLingerTimeout{2};
inline constexpr std::chrono::seconds kLingerUploadTimeout{5};
inline constexpr std::chrono::seconds kLingerTimeMax{30};
inline constexpr std::uint64_t kLingerBytesMax = std::uint64_t{1} << 30;
// What bodyTimeout and writeTimeout are for.
inline constexpr std::size_t kProgressBytes = 64 * 1024;
// Of a request, read into the small buffer.
inline constexpr std::size_t kFirstBytes = 1024;
inline constexpr std::size_t kReadBytes = 16 * 1024;  // one read
// While the core is overloaded: accepted in a row, for a new connection costs more than a request,
// and kept by the kernel for accept(), at least.
inline constexpr int kOverloadedAccepts = 8;
inline constexpr int kOverloadedBacklogMin = 64;
// Of an unread body, to keep the connection, or the stream.
inline constexpr std::size_t kDrainBytesMax = 256 * 1024;
// Of one request's interim responses; what goes beyond is left out.
inline constexpr std::size_t kInterimBytesMax = 64 * 1024;
// Bodies up to this go out in one write with the head.
inline constexpr std::size_t kJoinBytesMax = 64 * 1024;

// What a connection holds besides requests, as measured by bench/idle.py.
inline constexpr std::size_t kConnectionStateBytes = 3 * 1024;
inline constexpr std::size_t kH2StateBytes = 7 * 1024;    // more
inline constexpr std::size_t kTlsStateBytes = 16 * 1024;  // more
// Of requests that overload or a limit refuses: seconds in Retry-After.
inline constexpr unsigned kRetryAfterSeconds = 5;
// A response up to this is never refused for want of memory: what it tells has happened already.
inline constexpr std::size_t kSmallResponseBytes = 64 * 1024;
// Beside its one request or response, whatever connectionMemory says.
inline constexpr std::size_t kConnectionSpareBytes = 256 * 1024;

// Of HTTP/2 connections; what the protocol itself limits stands in http/h2/limits.h.
inline constexpr std::size_t kIdleReadBytes = 2 * 1024;         // one read while nothing goes on
inline constexpr std::size_t kWriteBytes = 64 * 1024;           // about as much in one write
inline constexpr std::size_t kWaitingFramesMax = 512;           // then nothing more is read
inline constexpr std::size_t kSpareStreamBytesMax = 64 * 1024;  // moved by a stream kept for reuse
inline constexpr std::size_t kSpareHeadBytesMax = 16 * 1024;    // its head, decoded
// Decoded heads of a connection's open streams, as the memory that they take. A single one is
// always let in.
inline constexpr std::size_t kConnectionHeadBytesMax = 2 * 1024 * 1024;
inline constexpr std::chrono::seconds kGoawayGrace{1};  // between the two steps of a shutdown

}  // namespace sluice::server
