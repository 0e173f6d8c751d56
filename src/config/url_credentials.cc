// SPDX-License-Identifier: Apache-2.0
#include "config/url_credentials.h"

#include <algorithm>

#include "base/host_port.h"
#include "base/text.h"

namespace sluice::config {
namespace {

bool has_odd_port(std::string_view authority) {
  const auto port = split_host_port(authority).port();
  return port && !std::ranges::all_of(*port, is_digit);
}

}  // namespace

std::optional<UrlCredentials> credentials_in(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == text.npos || scheme == 0) return std::nullopt;
  if (text.substr(0, scheme).find_first_of(" \t\r\n/@") != text.npos) return std::nullopt;
  const std::size_t begin = scheme + 3;
  std::string_view authority = text.substr(begin, text.find_first_of("/?#", begin) - begin);
  // A password with a / ? or # that is not escaped looks like a host with a port that is no number.
  if (!authority.contains('@') && has_odd_port(authority)) authority = text.substr(begin);
  const std::size_t at = authority.rfind('@');
  return at == authority.npos || at == 0 ? std::nullopt : std::optional(UrlCredentials{begin, at});
}

std::string host_of(std::string_view url, const UrlCredentials& credentials) {
  const std::size_t end = url.find_first_of("/?#", credentials.begin);
  return std::string(url.substr(0, credentials.begin)) +
         std::string(
             url.substr(credentials.begin + credentials.size,
                        end == url.npos ? end : end - credentials.begin - credentials.size));
}

std::string without_credentials(std::string_view text) {
  std::string shown(text);
  if (const auto found = credentials_in(text)) shown.replace(found->begin, found->size, kRedacted);
  return shown;
}

}  // namespace sluice::config
