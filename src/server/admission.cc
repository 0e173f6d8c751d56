// SPDX-License-Identifier: Apache-2.0
#include "server/admission.h"

#include "net/tls/tls_context.h"
#include "server/server_spec.h"

namespace sluice::server {
namespace {

constexpr std::string_view kSecure = "tls";
constexpr std::string_view kPlain = "plain";
constexpr std::string_view kAnybody = "any";

// Returns the trustedProxies in their order, or "any" if the list is empty.
std::string announcers(const HttpServerSpec& spec) {
  if (!spec.proxy_protocol) return "";
  std::string all;
  for (const std::string& each : spec.trusted_proxies) all.append(all.empty() ? "" : ",") += each;
  return all.empty() ? std::string(kAnybody) : all;
}

}  // namespace

Admission Admission::of(const HttpServerSpec& spec, const net::TlsContext* tls) {
  return {.secure = tls != nullptr,
          .authorities = tls != nullptr ? tls->client_authorities() : "",
          .announced_by = announcers(spec)};
}

bool Admission::satisfies(const Admission& demanded) const {
  if (demanded.secure && !secure) return false;
  if (!demanded.authorities.empty() && demanded.authorities != authorities) return false;
  return demanded.announced_by.empty() || demanded.announced_by == announced_by;
}

std::string Admission::text() const {
  return std::string(secure ? kSecure : kPlain) + ";" + authorities + ";" + announced_by;
}

std::optional<Admission> Admission::parse(std::string_view text) {
  const std::size_t first = text.find(';');
  const std::size_t second = first == text.npos ? first : text.find(';', first + 1);
  if (second == text.npos) return std::nullopt;
  const std::string_view kind = text.substr(0, first);
  if (kind != kSecure && kind != kPlain) return std::nullopt;
  return Admission{.secure = kind == kSecure,
                   .authorities = std::string(text.substr(first + 1, second - first - 1)),
                   .announced_by = std::string(text.substr(second + 1))};
}

}  // namespace sluice::server
