// SPDX-License-Identifier: Apache-2.0
// The options of a Client and of its calls. Plain data; any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "backend/address_book.h"
#include "base/renewable_text.h"
#include "base/result.h"
#include "base/time.h"
#include "etcd/call_failure.h"
#include "net/tls/tls_client_context.h"

namespace sluice::etcd {

// The largest answer that is taken from etcd, in bytes. A Range of more is read in pages.
inline constexpr std::size_t kMessageBytesMax = std::size_t{64} << 20;
// etcd's smallest permitted time between two PINGs (--grpc-keepalive-min-time).
inline constexpr Duration kKeepAliveMin = std::chrono::seconds(5);

// Trivial, so that it may be a temporary of a co_await expression.
struct CallOptions {
  TimePoint deadline = TimePoint::max();  // without one, Options::call_max applies
  // Not at this endpoint if there is another: where an earlier copy got no answer
  // (CallFailure::endpoint).
  EndpointIndex avoid = kAnyEndpoint;
};

struct Options {
  // "10.0.0.1:2379", "http://etcd-1:2379", "https://[::1]:2379". Without a scheme: https if `tls`
  // is set. Without a port: 2379.
  std::vector<std::string> endpoints;
  // For https. Requires: its protocols are {"h2"}. make_tls() makes one.
  std::shared_ptr<const net::TlsClientContext> tls{};
  std::string user{};        // empty: no password; etcd may take the user from the certificate
  RenewableText password{};  // of the next authentication
  // Null: the client forgets its addresses with its end.
  std::shared_ptr<backend::AddressBook> addresses{};
  std::string keys{};  // what all keys of the client begin with; for messages
  Duration dial_max = std::chrono::seconds(2);  // of look-up and TCP; likewise of the TLS handshake
  // A PING is sent on a connection with calls that has been silent for this long; at least
  // kKeepAliveMin. Without a sign of life for `keep_alive_max` after it, the connection ends.
  Duration keep_alive_period = kKeepAliveMin;
  Duration keep_alive_max = std::chrono::seconds(2);
  Duration call_max = std::chrono::seconds(10);  // of a call that has no deadline
  // A read that has heard nothing for this long goes on to the next endpoint, if there is one.
  Duration read_patience = std::chrono::seconds(2);

  // Of a call that begins now.
  [[nodiscard]] TimePoint deadline_of(const CallOptions& call, TimePoint now) const {
    return call.deadline == TimePoint::max() ? now + call_max : call.deadline;
  }
};

// Makes Options::tls of PEM texts; blocks. Empty `authorities`: the system's. Empty `certificate`:
// none is shown. Error: `invalid`.
[[nodiscard]] Result<std::shared_ptr<net::TlsClientContext>> make_tls(std::string authorities,
                                                                      std::string certificate,
                                                                      std::string key);

}  // namespace sluice::etcd
