// SPDX-License-Identifier: Apache-2.0
// The credentials in a URL (RFC 3986 section 3.2.1), as in https://user:password@host/x: where they
// stand, and text without them for errors, logs and answers. Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::config {

// Stands for a secret where secrets are not shown.
inline constexpr std::string_view kRedacted = "<redacted>";

// The bytes of a URL between "://" and the "@", without both.
struct UrlCredentials {
  std::size_t begin = 0;
  std::size_t size = 0;

  [[nodiscard]] std::string_view text(std::string_view url) const {
    return url.substr(begin, size);
  }
};

// nullopt: `text` is no URL, or one without credentials.
[[nodiscard]] std::optional<UrlCredentials> credentials_in(std::string_view text);
// `url` up to its path, without `credentials`, which stand in it.
[[nodiscard]] std::string host_of(std::string_view url, const UrlCredentials& credentials);
// `text` with its credentials replaced by kRedacted. Any other text comes back as it is.
[[nodiscard]] std::string without_credentials(std::string_view text);

}  // namespace sluice::config
