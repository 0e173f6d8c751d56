// SPDX-License-Identifier: Apache-2.0
// TlsContext: the settings of a TLS server: certificates selected by the requested name (SNI), the
// authority of client certificates, protocols (ALPN). TLS 1.2 and 1.3 only. Immutable; any thread;
// shared by the connections made with it.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/tls/certificate_end.h"
#include "net/tls/key_pair.h"
#include "net/tls/ticket_keys.h"

struct ssl_st;

namespace sluice::net {

struct TlsServerOptions {
  std::vector<KeyPair> pairs;  // the first serves names that no other matches
  std::string client_ca;       // PEM bundle; not empty: clients must show a certificate from it
  std::vector<std::string> protocols;  // by preference, RFC 7301 names
};

class TlsContext {
 public:
  static constexpr const char* kAuthoritiesPath = "caCertBase64";
  struct CertificateFault {
    std::string path;  // of the pair, or kAuthoritiesPath
    std::string text;  // never contains key material
  };
  // `tickets`: the keys of the session tickets, shared with other contexts. Faults: a certificate
  // or key that does not parse, or that do not match. Requires: at least one pair.
  [[nodiscard]] static std::expected<std::shared_ptr<const TlsContext>,
                                     std::vector<CertificateFault>>
  create(const TlsServerOptions& options, std::shared_ptr<TicketKeys> tickets);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // Identifies the set of authorities of client certificates; equal for equal sets; "" if no
  // certificate is required. A session ticket is valid for one such set only.
  [[nodiscard]] const std::string& client_authorities() const;

  // When the certificates of the pairs and the authorities of clients end; the places are as of
  // CertificateFault.
  [[nodiscard]] const CertificateEnds& certificates() const;

  // Makes a server-side session. The caller frees it, and keeps this alive until then. Returns null
  // if out of memory.
  [[nodiscard]] ssl_st* new_session() const;

 private:
  struct State;
  explicit TlsContext(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::net
