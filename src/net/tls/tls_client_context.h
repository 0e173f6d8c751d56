// SPDX-License-Identifier: Apache-2.0
// TlsClientContext: the authorities that a TLS client trusts, and its own certificate. TLS 1.2 and
// 1.3 only. TlsTickets: sessions that a server offered to resume.
//
// The owner of a context may renew it: every holder makes its next sessions with the new settings,
// and the sessions that there are go on with theirs.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "base/published.h"
#include "net/tls/tls_context.h"

struct ssl_ctx_st;
struct ssl_session_st;

namespace sluice::net {

struct TlsClientOptions {
  KeyPair own;  // shown to servers that ask for a certificate; empty: none
  std::string
      authorities;     // PEM bundle that server certificates must come from; empty: the system's
  bool verify = true;  // false: accept the certificate of any server
  std::vector<std::string> protocols{};  // offered by preference, RFC 7301 names
};

// The tickets of one server, context and core. Core-bound.
class TlsTickets {
 public:
  TlsTickets() = default;
  ~TlsTickets();
  TlsTickets(const TlsTickets&) = delete;
  TlsTickets& operator=(const TlsTickets&) = delete;

 private:
  friend class TlsClientContext;
  static int on_ticket(ssl_st* session, ssl_session_st* ticket);
  void put(ssl_session_st* ticket);
  // Drops the tickets of other settings, because a session that is resumed shows the certificate of
  // its first handshake.
  void use(std::shared_ptr<const void> settings, const ssl_ctx_st* context);
  // Returns null if there is no ticket. A TLS 1.3 ticket is used once (RFC 8446 appendix C.4).
  [[nodiscard]] ssl_session_st* take();

  std::shared_ptr<const void> settings_;  // keeps context_
  const ssl_ctx_st* context_ = nullptr;   // of all tickets
  std::vector<ssl_session_st*> tickets_;
};

// Any thread.
class TlsClientContext {
 public:
  // Blocks: reads the system's authorities. Faults: PEM that does not parse, a key that does not
  // match its certificate; their paths are "certBase64" and "rootCertBase64".
  [[nodiscard]] static std::expected<std::shared_ptr<TlsClientContext>,
                                     std::vector<TlsContext::CertificateFault>>
  create(const TlsClientOptions& options);
  ~TlsClientContext();
  TlsClientContext(const TlsClientContext&) = delete;
  TlsClientContext& operator=(const TlsClientContext&) = delete;

  // Makes a session for `host`. It resumes with a ticket of `tickets` if there is one, and adds the
  // new ones. The caller frees it, and keeps this and `tickets` alive until then. Returns null if
  // out of memory.
  [[nodiscard]] ssl_st* new_session(const std::string& host, TlsTickets& tickets) const;

  // Sessions from now on have the settings that `other` has now.
  void renew(const TlsClientContext& other);
  // When its own certificate and the authorities end; the places are as of create().
  [[nodiscard]] CertificateEnds certificates() const;

 private:
  struct Settings;
  explicit TlsClientContext(std::shared_ptr<const Settings> settings);
  Published<Settings> settings_;
};

}  // namespace sluice::net
