// SPDX-License-Identifier: Apache-2.0
// The limits of an HTTP/2 client (RFC 9113 section 10.5). docs/http2.md explains each.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::http::h2 {

// The cost of a field besides its bytes (RFC 9113 section 6.5.2).
inline constexpr std::size_t kFieldOverhead = 32;

// Allows a burst, and then a rate per second.
struct Budget {
  double burst;
  double per_second;
};

struct SessionLimits {
  std::uint32_t concurrent_streams_max = 128;          // SETTINGS_MAX_CONCURRENT_STREAMS
  std::uint32_t header_list_bytes_max = 64 * 1024;     // SETTINGS_MAX_HEADER_LIST_SIZE; then 431
  std::uint32_t header_list_bytes_fatal = 512 * 1024;  // beyond, an HPACK bomb: the connection ends
  std::uint32_t fields_max = 200;                      // then 431
  std::uint32_t target_bytes_max = 16 * 1024;          // then 414
  std::uint32_t header_table_bytes = 4096;             // HPACK, both directions
  std::uint32_t continuations_max = 16;                // CONTINUATION frames of one head
  std::uint32_t settings_entries_max = 32;             // per SETTINGS frame
  std::int32_t stream_window_bytes = 256 * 1024;       // SETTINGS_INITIAL_WINDOW_SIZE
  std::int32_t connection_window_bytes = 1024 * 1024;
  std::uint32_t outbound_acks_max = 256;               // acknowledgements waiting to be sent
  std::uint32_t response_head_bytes_max = 256 * 1024;  // before compression

  // Frames that cost us more than the client. A client over budget gets GOAWAY with
  // ENHANCE_YOUR_CALM.
  Budget resets{250, 30};             // streams that the client reset or made us reset
  Budget pings{100, 10};              // PING; each DATA frame sent allows one more
  Budget settings{32, 4};             // SETTINGS
  Budget priorities{1000, 200};       // PRIORITY, PRIORITY_UPDATE
  Budget empty_data{100, 10};         // DATA without a byte or an end
  Budget window_updates{2000, 1000};  // WINDOW_UPDATE; each DATA frame sent allows 10 more
  Budget unknown{200, 50};            // frames of other types
};

}  // namespace sluice::http::h2
