// SPDX-License-Identifier: Apache-2.0
// Admission: what a connection has had to show before its first request. A connection that was let
// in for less than its HTTPServer asks for now carries no further request: its client comes again,
// and shows the rest. What is looked at with each request (ipFilter, rules, limits) needs none of
// this. Immutable; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::net {
class TlsContext;
}
namespace sluice::router {
struct HttpServerSpec;
}

namespace sluice::server {

struct Admission {
  bool secure = false;        // TLS
  std::string authorities{};  // of the client's certificate, as TlsContext says; "": none asked for
  std::string announced_by{};  // whose PROXY header named the client; "": nobody's

  // Of an HTTPServer; `tls` may be null.
  [[nodiscard]] static Admission of(const router::HttpServerSpec& spec, const net::TlsContext* tls);
  // True if whoever has shown this need not show more where `demanded` is asked for.
  [[nodiscard]] bool satisfies(const Admission& demanded) const;

  // For another process; one word.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] static std::optional<Admission> parse(std::string_view text);

  bool operator==(const Admission&) const = default;
};

}  // namespace sluice::server
