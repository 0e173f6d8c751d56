// SPDX-License-Identifier: Apache-2.0
// The API's certificate, its key, and the authority of its clients, from files.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "net/tls/tls_context.h"

namespace sluice::admin {

struct TlsPaths {
  std::string certificate;  // --cert-file: PEM, the chain behind it
  std::string key;          // --key-file: PEM without a passphrase
  std::string client_ca;    // --client-ca-file: PEM bundle; "": clients need no certificate
};

// What the files hold now. Sessions are not resumed from one call to the next, so a client of an
// authority that is gone is a stranger. Errors name the flag and the file.
[[nodiscard]] Result<std::shared_ptr<const net::TlsContext>> load_tls(const TlsPaths& paths);

}  // namespace sluice::admin
