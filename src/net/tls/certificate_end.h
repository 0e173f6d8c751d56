// SPDX-License-Identifier: Apache-2.0
// CertificateEnd: a certificate that this process holds, and when it ends. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace sluice::net {

struct CertificateEnd {
  std::string place;    // a path in a spec, or an option with its file
  std::string subject;  // as in RFC 4514: "CN=shop-1,O=Shop"; printable ASCII
  std::chrono::sys_seconds end;

  bool operator==(const CertificateEnd&) const = default;
};
using CertificateEnds = std::vector<CertificateEnd>;

// Operators hear of the end so long before it.
inline constexpr std::chrono::days kCertificateNotice{30};

enum class CertificateState : std::uint8_t { valid, ends_soon, ended };
[[nodiscard]] CertificateState state_of(const CertificateEnd& certificate,
                                        std::chrono::system_clock::time_point now);
// "2026-12-24T18:00:00Z"
[[nodiscard]] std::string end_text(const CertificateEnd& certificate);

// Of a certificate and its chain, PEM: the one that ends first. A self-signed authority at the end
// of the chain does not count, because peers use their own copy. Error: `invalid`.
[[nodiscard]] Result<CertificateEnd> end_of_chain(std::string place, const std::string& pem);
// Of authorities, PEM: the one that ends last. While certificates are renewed, a file has the old
// authority beside the new one. Error: `invalid`.
[[nodiscard]] Result<CertificateEnd> end_of_authorities(std::string place, const std::string& pem);

}  // namespace sluice::net
