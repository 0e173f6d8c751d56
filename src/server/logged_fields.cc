// SPDX-License-Identifier: Apache-2.0
#include "server/logged_fields.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace sluice::server {
namespace {

bool is_secret(std::string_view name) {
  constexpr std::array<std::string_view, 4> kSecrets = {"Authorization", "Proxy-Authorization",
                                                        "Cookie", "Set-Cookie"};
  constexpr std::string_view kOfUsers = "X-Auth-";
  return std::ranges::any_of(
             kSecrets, [name](std::string_view secret) { return http::iequals(name, secret); }) ||
         http::iequals(name.substr(0, kOfUsers.size()), kOfUsers);
}

void append_value(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == ';') {
      out += "%3B";
    } else {
      out += c;
    }
  }
}

}  // namespace

std::string logged_fields(const http::Headers& headers) {
  std::string out;
  for (const http::Field& field : headers) {
    if (!out.empty()) out += "; ";
    out.append(field.name).append(": ");
    append_value(out, is_secret(field.name) ? std::string_view("<redacted>") : field.value);
    if (out.size() > kLoggedFieldsBytesMax) break;
  }
  out.resize(std::min(out.size(), kLoggedFieldsBytesMax));
  return out;
}

}  // namespace sluice::server
