// SPDX-License-Identifier: Apache-2.0
// The credentials in a URL (RFC 3986 section 3.2.1), as in https://user:password@host/x: their
// position, and text without them for errors, logs and responses. Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::config {

// Replaces a secret in text that is shown.
inline constexpr std::string_view kRedacted = "<redacted>";

// The bytes of a URL between "://" and the "@", without both.
struct UrlCredentials {
  std::size_t begin = 0;
  std::size_t size = 0;

  [[nodiscard]] std::string_view text(std::string_view url) const {
    return url.substr(begin, size);
  }
};

// Returns nullopt if `text` is no URL, or has no credentials.
[[nodiscard]] std::optional<UrlCredentials> credentials_in(std::string_view text);
// Returns `url` up to its path, without `credentials`. Requires: they are those of `url`.
[[nodiscard]] std::string host_of(std::string_view url, const UrlCredentials& credentials);
// Returns the URL `text` with its credentials replaced by kRedacted. Returns other text unchanged.
[[nodiscard]] std::string without_credentials(std::string_view text);

}  // namespace sluice::config
