// SPDX-License-Identifier: Apache-2.0
// Access: who may use the API, and the certificate that it shows.
#pragma once

#include <memory>

#include "admin/credentials.h"
#include "net/tls/tls_context.h"

namespace sluice::admin {

// What callers have to show, and are shown.
struct Access {
  std::shared_ptr<Credentials> credentials;
  std::shared_ptr<const net::TlsContext> tls;  // null: plain
};

}  // namespace sluice::admin
