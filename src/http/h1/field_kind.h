// SPDX-License-Identifier: Apache-2.0
// The field names that matter to HTTP/1.1 itself.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::http::h1 {

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

[[nodiscard]] FieldKind field_kind(std::string_view name);

}  // namespace sluice::http::h1
