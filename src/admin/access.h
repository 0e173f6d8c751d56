// SPDX-License-Identifier: Apache-2.0
// Access: the credentials that callers need, and the certificate of the API.
#pragma once

#include <memory>

#include "admin/credentials.h"
#include "net/tls/tls_context.h"

namespace sluice::admin {

// The credentials and the TLS context in force.
struct Access {
  std::shared_ptr<Credentials> credentials;
  std::shared_ptr<const net::TlsContext> tls;  // null: plain
};

}  // namespace sluice::admin
