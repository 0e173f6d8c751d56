// SPDX-License-Identifier: Apache-2.0
// A Stream that speaks TLS over another Stream.
#pragma once

#include <memory>
#include <string>

#include "loop/event_loop.h"
#include "loop/task.h"
#include "net/stream.h"
#include "net/tls/peer_certificates.h"
#include "net/tls/tls_client_context.h"
#include "net/tls/tls_context.h"

namespace sluice::net {

// The server's side of the handshake. Takes over `transport`. Errors: `closed` (the client left),
// `timed_out` at `deadline`, `forbidden` (no accepted client certificate), `not_found` (HTTP
// without TLS), `invalid` (no common version or cipher, not TLS at all): the alert was sent and the
// transport closed. Call it on the loop's thread.
[[nodiscard]] Task<Result<std::unique_ptr<Stream>>> accept_tls(
    loop::EventLoop& loop, std::unique_ptr<Stream> transport,
    std::shared_ptr<const TlsContext> context, TimePoint deadline);

// The client's side of the handshake. `host`: the name or IP literal that the certificate must be
// for. Errors: `closed` (the server left), `timed_out` at `deadline`, `invalid` (a certificate that
// is not trusted or not for `host`, no common version or cipher, not TLS at all).
[[nodiscard]] Task<Result<std::unique_ptr<Stream>>> connect_tls(
    loop::EventLoop& loop, std::unique_ptr<Stream> transport,
    std::shared_ptr<const TlsClientContext> context, std::shared_ptr<TlsTickets> tickets,
    std::string host, TimePoint deadline);

// Returns the common name of the certificate that the client of accept_tls() has shown; "" without
// one, and for any other stream.
[[nodiscard]] std::string peer_common_name(const Stream& stream);

// Returns the certificates that the client of accept_tls() has shown; null without one, and for any
// other stream.
[[nodiscard]] std::shared_ptr<const PeerCertificates> peer_certificates(const Stream& stream);

}  // namespace sluice::net
