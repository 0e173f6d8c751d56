// SPDX-License-Identifier: Apache-2.0
#include "filters/rate_limiter/request_key.h"

#include <optional>
#include <string_view>

#include "config/ip_prefix.h"
#include "http/cookie.h"

namespace sluice::filters {
namespace {

// A field value has no such byte, so no client sends the keys of these two kinds of requests.
constexpr std::string_view kNoValue("\0none", 5);
constexpr std::string_view kManyValues("\0many", 5);
constexpr std::size_t kNetworkBytes = 8;  // of an IPv6 client

// The one value of a request.
class OneValue {
 public:
  void add(std::string_view value) {
    many_ = many_ || (value_ && *value_ != value);
    value_ = value;
  }
  [[nodiscard]] std::string text() const {
    return std::string(many_ ? kManyValues : value_.value_or(kNoValue));
  }

 private:
  std::optional<std::string_view> value_;
  bool many_ = false;
};

std::string network_of(const std::string& ip) {
  const auto address = config::IpAddress::parse(ip);
  if (!address || !address->v6) return ip;
  return {reinterpret_cast<const char*>(address->bytes.data()), kNetworkBytes};
}

}  // namespace

std::string request_key(const KeyBySpec& spec, const http::Request& request,
                        const std::string& client_ip) {
  if (spec.address) return network_of(client_ip);
  OneValue value;
  if (http::iequals(spec.header, "Host")) return request.host;
  const std::string_view name = spec.header.empty() ? std::string_view("Cookie") : spec.header;
  for (const http::Field& field : request.headers) {
    if (!http::iequals(field.name, name)) continue;
    if (!spec.header.empty()) {
      value.add(field.value);
      continue;
    }
    for (const http::CookiePair& pair : http::parse_cookies(field.value)) {
      if (pair.name == spec.cookie) value.add(pair.value);
    }
  }
  return value.text();
}

}  // namespace sluice::filters
