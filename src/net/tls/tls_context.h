// SPDX-License-Identifier: Apache-2.0
// TlsContext: what a TLS server shows and asks for: certificates chosen by the name the client
// wants (SNI), the authority that client certificates must come from, protocols (ALPN). TLS 1.2 and
// 1.3 only. Immutable; any thread; shared by the connections made with it.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/tls/key_pair.h"
#include "net/tls/ticket_keys.h"

struct ssl_st;

namespace sluice::net {

struct TlsServerOptions {
  std::vector<KeyPair> pairs;  // the first is for names that none is made for
  std::string client_ca;       // PEM bundle; not empty: clients must show a certificate of it
  std::vector<std::string> protocols;  // by preference, RFC 7301 names
};

class TlsContext {
 public:
  struct Fault {
    std::string path;  // of the pair, or "caCertBase64"
    std::string text;  // never with key material in it
  };
  // Faults: a certificate or key that does not parse, or does not belong to the other. One pair at
  // least.
  [[nodiscard]] static std::expected<std::shared_ptr<const TlsContext>, std::vector<Fault>> create(
      const TlsServerOptions& options, std::shared_ptr<TicketKeys> tickets);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // What stands for the authorities that a client certificate must come from, the same for the same
  // set of them; "" if none is asked for. A session ticket is good under one such set only.
  [[nodiscard]] const std::string& client_authorities() const;

  // A new server-side session; the caller frees it, and keeps this alive as long. Null if out of
  // memory.
  [[nodiscard]] ssl_st* new_session() const;

 private:
  struct State;
  explicit TlsContext(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::net
