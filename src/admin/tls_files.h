// SPDX-License-Identifier: Apache-2.0
// TlsFiles: the API's certificate, its key, and the authority of its clients, read from files and
// read again when they are replaced. Any thread.
#pragma once

#include <memory>
#include <string>

#include "base/published.h"
#include "base/result.h"
#include "net/tls/tls_context.h"

namespace sluice::admin {

struct TlsPaths {
  std::string certificate;  // --cert-file: PEM, the chain behind it
  std::string key;          // --key-file: PEM without a passphrase
  std::string client_ca;    // --client-ca-file: PEM bundle; "": clients need no certificate
};

class TlsFiles {
 public:
  // Errors name the flag and the file.
  [[nodiscard]] static Result<std::unique_ptr<TlsFiles>> load(TlsPaths paths);
  // New connections get what the files hold now; sessions cannot be resumed across it, so a client
  // of an authority that is gone is a stranger. After an error nothing has changed.
  [[nodiscard]] Result<void> reload();
  [[nodiscard]] std::shared_ptr<const net::TlsContext> current() const { return current_.load(); }

 private:
  explicit TlsFiles(TlsPaths paths) : paths_(std::move(paths)) {}
  const TlsPaths paths_;
  Published<net::TlsContext> current_;
};

}  // namespace sluice::admin
