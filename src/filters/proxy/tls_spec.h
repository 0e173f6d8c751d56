// SPDX-License-Identifier: Apache-2.0
// The TLS settings for connections to backends.
#pragma once

#include <string>

#include "config/fields.h"
#include "net/tls/tls_client_context.h"

namespace sluice::filters {

struct TlsSpec {
  std::string cert_base64;
  std::string key_base64;
  std::string root_cert_base64;
  bool insecure_skip_verify = false;

  void fields(auto& visit) {
    visit("certBase64", cert_base64, {.doc = "own certificate, to servers that ask for one"});
    visit("keyBase64", key_base64, {.secret = true, .doc = "its key"});
    visit("rootCertBase64", root_cert_base64,
          {.doc = "authorities that servers' certificates must come from; none: the system's"});
    visit("insecureSkipVerify", insecure_skip_verify,
          {.doc = "believe any certificate: anybody in between can read and change everything"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
  // Blocks. `http2`: offered first. Requires: the spec is valid. Null only if OpenSSL fails.
  [[nodiscard]] std::shared_ptr<const net::TlsClientContext> make(bool http2) const;
  // When its certificates end. `path`: of this. Requires: the spec is valid.
  [[nodiscard]] net::CertificateEnds certificates(const std::string& path) const;

  bool operator==(const TlsSpec&) const = default;
};

}  // namespace sluice::filters
