// SPDX-License-Identifier: Apache-2.0
// The authorities and the certificate of TLS clients that have their own SSL_CTX (egctl's).
#pragma once

#include "base/result.h"
#include "net/tls/tls_client_context.h"

namespace sluice::net {

// Sets up `context` with `options.own` and `options.authorities`, which replace the system's, and
// TLS 1.2 at least. The caller turns verification on. Errors: `invalid` (a PEM that does not parse,
// a key that does not match), never with key material. Requires: no connection was made with
// `context`.
[[nodiscard]] Result<void> set_up_client(ssl_ctx_st* context, const TlsClientOptions& options);

}  // namespace sluice::net
