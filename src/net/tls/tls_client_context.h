// SPDX-License-Identifier: Apache-2.0
// TlsClientContext: whom a TLS client trusts, and what it shows of itself. TLS 1.2 and 1.3 only.
// TlsTickets: sessions that a server offered to resume.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "net/tls/tls_context.h"

struct ssl_ctx_st;
struct ssl_session_st;

namespace sluice::net {

struct TlsClientOptions {
  KeyPair own;  // to servers that ask for a certificate; empty: none
  std::string
      authorities;     // PEM bundle that server certificates must come from; empty: the system's
  bool verify = true;  // false: any server is believed to be who it says
  std::vector<std::string> protocols{};  // to offer, by preference, RFC 7301 names
};

// Of one server, context and core. Core-bound.
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
  // Null if there is none. A ticket of TLS 1.3 is used once (RFC 8446 appendix C.4).
  [[nodiscard]] ssl_session_st* take();

  std::vector<ssl_session_st*> tickets_;
};

// Immutable; any thread.
class TlsClientContext {
 public:
  // Blocks: reads the system's authorities. Faults: PEM that does not parse, a key that does not
  // belong to the certificate; their paths are "certBase64" and "rootCertBase64".
  [[nodiscard]] static std::expected<std::shared_ptr<const TlsClientContext>,
                                     std::vector<TlsContext::Fault>>
  create(const TlsClientOptions& options);
  ~TlsClientContext();
  TlsClientContext(const TlsClientContext&) = delete;
  TlsClientContext& operator=(const TlsClientContext&) = delete;

  // A new session towards `host`, which resumes a ticket if there is one, and brings new ones. The
  // caller frees it, and keeps this and `tickets` alive as long. Null if out of memory.
  [[nodiscard]] ssl_st* new_session(const std::string& host, TlsTickets& tickets) const;

 private:
  explicit TlsClientContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

}  // namespace sluice::net
