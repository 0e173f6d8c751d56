// SPDX-License-Identifier: Apache-2.0
// PeerCertificates: the names in the certificates that the client of a TLS connection has shown.
// Immutable; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sluice::net {

// The parts of a name (RFC 5280 section 4.1.2.4).
enum class NameField : std::uint8_t {
  country,
  organization,
  organizational_unit,
  locality,
  province,
  street_address,
  postal_code,
  serial_number,
  common_name,
};

// In the order of the certificate, as UTF-8. A field may come more than once.
using CertificateName = std::vector<std::pair<NameField, std::string>>;

struct PeerCertificates {
  struct Certificate {
    CertificateName subject;
    CertificateName issuer;
  };
  std::vector<Certificate> chain;  // the client's own first; as it sent them
};

}  // namespace sluice::net
