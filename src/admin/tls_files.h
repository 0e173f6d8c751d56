// SPDX-License-Identifier: Apache-2.0
// Loads the API's certificate, its key, and the authority of its clients, from files.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "net/tls/tls_context.h"

namespace sluice::admin {

struct TlsPaths {
  std::string certificate;  // --cert-file: PEM, followed by the chain
  std::string key;          // --key-file: PEM without a passphrase
  std::string client_ca;    // --client-ca-file: PEM bundle; "": clients need no certificate
};

// Loads the current content of the files. A session of an earlier call cannot be resumed, so a
// client of a removed authority loses its access. Errors name the flag and the file.
[[nodiscard]] Result<std::shared_ptr<const net::TlsContext>> load_tls(const TlsPaths& paths);

}  // namespace sluice::admin
