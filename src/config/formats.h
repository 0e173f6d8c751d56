// SPDX-License-Identifier: Apache-2.0
// The formats of string fields. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::config {

enum class Format {
  none,
  name,         // 1-253 characters of A-Z a-z 0-9 - _ . ~
  http_method,  // GET HEAD POST PUT PATCH DELETE CONNECT OPTIONS TRACE
  path,         // begins with /
  ip_or_cidr,   // 10.0.0.1, 10.0.0.0/8, ::1, fd00::/8
  base64,       // RFC 4648 section 4
  url,          // http:// or https:// with a host
  host_port,    // host:port
  memory_size,  // 536870912, 512MiB, 2GiB; empty: the default
};

// Returns nullopt if `text` follows the format, else the reason to show: `"10.0.0.300" is not an IP
// address or CIDR, try 10.0.0.0/8`.
[[nodiscard]] std::optional<std::string> check_format(Format format, std::string_view text);
// Returns the name in a JSON schema: "ip-or-cidr" ...; "" for none.
[[nodiscard]] std::string_view format_name(Format format);

}  // namespace sluice::config
