// SPDX-License-Identifier: Apache-2.0
// Builds a net::TlsContext from the TLS part of an HTTPServer's spec.
#pragma once

#include <memory>

#include "config/faults.h"
#include "net/tls/tls_context.h"
#include "server/server_spec.h"

namespace sluice::server {

// Returns null without `https`, and if it added a fault: a pair that does not match or parse, or
// https without a certificate. Faults never quote a key. Any thread.
[[nodiscard]] std::shared_ptr<const net::TlsContext> make_tls(
    const HttpServerSpec& spec, std::shared_ptr<net::TicketKeys> tickets,
    config::Faults& faults);

}  // namespace sluice::server
