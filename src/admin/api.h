// SPDX-License-Identifier: Apache-2.0
// The admin REST API (easegress-behaviour section 5.4), on its own threads.
#pragma once

#include <memory>
#include <string>

#include "admin/options.h"
#include "base/log.h"
#include "base/result.h"
#include "net/listener.h"
#include "net/tls/certificate_end.h"

namespace sluice::control {
class Controller;
}

namespace sluice::admin {

// Checks address, files and credentials before the start. Error `invalid`.
[[nodiscard]] Result<void> check(const Options& options);

// Opens the listening socket for an `address` that passes check(). Error `unavailable` if it cannot
// be bound.
[[nodiscard]] Result<net::Listener> listen(const std::string& address);

class Api {
 public:
  // Listens and serves until destroyed. Errors: those of check(); `unavailable` if the address
  // cannot be bound. Requires: `controller` outlives it.
  [[nodiscard]] static Result<std::unique_ptr<Api>> start(Options options, Logger logger,
                                                          control::Controller& controller);
  virtual ~Api() = default;
  [[nodiscard]] virtual int port() const = 0;
  // Puts `tls` (its files are read again), `credentials` and `start_options` in force for new
  // calls. Ignores the other options; `address` must be that of start(). After an error (of
  // check()) nothing has changed.
  [[nodiscard]] virtual Result<void> replace(Options options) = 0;
  // When the certificates of `tls` in force end; the places are options with their files.
  [[nodiscard]] virtual net::CertificateEnds certificates() const = 0;
  // The listening socket, valid while this lives.
  [[nodiscard]] virtual int descriptor() const = 0;
};

}  // namespace sluice::admin
