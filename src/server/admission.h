// SPDX-License-Identifier: Apache-2.0
// Admission: the proofs that a connection has shown before its first request. If its HTTPServer
// later requires more, the connection carries no further request: the client connects again and
// shows the rest. Checks made with each request (ipFilter, rules, limits) need no Admission.
// Immutable; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::net {
class TlsContext;
}

namespace sluice::server {

struct HttpServerSpec;

struct Admission {
  bool secure = false;         // TLS
  std::string authorities{};   // the CAs of client certificates, from TlsContext; "": none required
  std::string announced_by{};  // the proxies whose PROXY header is accepted; "": none

  // Returns the admission that an HTTPServer requires. `tls` may be null.
  [[nodiscard]] static Admission of(const HttpServerSpec& spec, const net::TlsContext* tls);
  // True if a connection with this admission meets `demanded`.
  [[nodiscard]] bool satisfies(const Admission& demanded) const;

  // Encodes it as one word, for another process.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] static std::optional<Admission> parse(std::string_view text);

  bool operator==(const Admission&) const = default;
};

}  // namespace sluice::server
