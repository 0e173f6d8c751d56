// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/real_ip.h"

#include "base/text.h"
#include "config/formats.h"

namespace sluice::egctl::nginx {

// A Sluice that trusts a proxy reads X-Forwarded-For before X-Real-IP. A proxy that sets the latter
// may pass the former on as its client wrote it.
std::optional<Json> trusted_proxies(const RealIp& real_ip) {
  if (real_ip.from.empty()) return Json();
  const bool forwarded = real_ip.header && real_ip.header->words.size() == 1 &&
                         lower_case(real_ip.header->words[0]) == "x-forwarded-for";
  if (!forwarded) return std::nullopt;
  Json proxies = Json::array();
  for (const Directive& one : real_ip.from) {
    if (one.words.size() != 1 ||
        config::check_format(config::Format::ip_or_cidr, one.words[0]).has_value())
      return std::nullopt;
    // The client's own X-Forwarded-For would count.
    if (!real_ip.recursive && one.words[0].ends_with("/0")) return std::nullopt;
    proxies.push_back(one.words[0]);
  }
  return proxies;
}

}  // namespace sluice::egctl::nginx
