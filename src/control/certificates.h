// SPDX-License-Identifier: Apache-2.0
// Certificates: the certificates that this process holds, and the lines of the log about those that
// end. Any thread.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "base/log.h"
#include "base/mutex.h"
#include "control/publisher.h"
#include "net/tls/certificate_end.h"

namespace sluice::control {

class Certificates {
 public:
  // The log repeats each line so often.
  static constexpr std::chrono::hours kRepeat{24};

  // Requires: `publisher` outlives this.
  Certificates(const Publisher& publisher, Logger logger)
      : publisher_(publisher), logger_(std::move(logger)) {}

  // Those of the process itself, from files; the places are options with their files.
  void set_own(net::CertificateEnds own);
  // Those of the process and of all objects in force: first the one that ends first.
  [[nodiscard]] net::CertificateEnds all() const;
  // Logs each certificate that ends soon or has ended, unless it did so less than kRepeat before
  // `now`.
  void tell(std::chrono::system_clock::time_point now);

 private:
  const Publisher& publisher_;
  const Logger logger_;
  mutable Mutex mutex_;
  net::CertificateEnds own_ SLUICE_GUARDED_BY(mutex_);
  // Line -> when it was logged.
  std::map<std::string, std::chrono::system_clock::time_point> told_ SLUICE_GUARDED_BY(mutex_);
};

// "HTTPServer shop certBase64: the certificate of CN=shop.example expires at 2026-12-24T18:00:00Z".
[[nodiscard]] std::string line_about(const net::CertificateEnd& certificate,
                                     net::CertificateState state);

}  // namespace sluice::control
