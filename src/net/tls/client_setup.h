// SPDX-License-Identifier: Apache-2.0
// What a TLS client trusts and shows, for clients that bring their own SSL_CTX (egctl's).
#pragma once

#include "base/result.h"
#include "net/tls/tls_client_context.h"

namespace sluice::net {

// Sets `context` up for `options.own` and `options.authorities` (which are trusted instead of the
// system's, not besides), TLS 1.2 at least; verifying is the caller's. Errors: `invalid`, a PEM
// that is none or a key that does not fit; never with key material. Before the first connection.
[[nodiscard]] Result<void> set_up_client(ssl_ctx_st* context, const TlsClientOptions& options);

}  // namespace sluice::net
