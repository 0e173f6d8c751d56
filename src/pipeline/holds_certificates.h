// SPDX-License-Identifier: Apache-2.0
// HoldsCertificates: the side of a FilterPrototype whose spec has certificates.
#pragma once

#include "net/tls/certificate_end.h"

namespace sluice::pipeline {

// A FilterPrototype is one, too, if its kind has certificates. Any thread.
class HoldsCertificates {
 public:
  virtual ~HoldsCertificates() = default;
  // When they end; the places are in the spec of the filter.
  [[nodiscard]] virtual net::CertificateEnds certificates() const = 0;
};

}  // namespace sluice::pipeline
