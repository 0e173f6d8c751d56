// SPDX-License-Identifier: Apache-2.0
// The fields that concern a connection and not a message, in any version of HTTP (RFC 9110 section
// 7.6.1), and Host.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::http {

enum class FieldKind : std::uint8_t {
  other,
  host,
  content_length,
  transfer_encoding,
  connection,
  upgrade,
  expect,
  te,
  hop_by_hop,  // Keep-Alive, Proxy-Connection, Proxy-Authenticate, Proxy-Authorization
};

// Compares without case. `other`: not one of these.
[[nodiscard]] FieldKind field_kind(std::string_view name);

}  // namespace sluice::http
