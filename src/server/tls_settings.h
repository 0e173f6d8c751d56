// SPDX-License-Identifier: Apache-2.0
// The TLS part of an HTTPServer's specification -> net::TlsContext.
#pragma once

#include <memory>

#include "config/faults.h"
#include "net/tls/tls_context.h"
#include "router/server_spec.h"

namespace sluice::server {

// Null without `https`, and where a fault was added: a pair that does not fit or parse, https
// without a certificate. Faults never quote a key. Any thread.
[[nodiscard]] std::shared_ptr<const net::TlsContext> make_tls(
    const router::HttpServerSpec& spec, std::shared_ptr<net::TicketKeys> tickets,
    config::Faults& faults);

}  // namespace sluice::server
