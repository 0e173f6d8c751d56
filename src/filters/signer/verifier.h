// SPDX-License-Identifier: Apache-2.0
// SignatureVerifier: checks the signature of a request, in its Authorization header or in its URL.
// Immutable; any thread.
#pragma once

#include <string_view>

#include "filters/signer/canonical.h"
#include "filters/signer/spec.h"

namespace sluice::filters {

class SignatureVerifier {
 public:
  // Requires: the spec is valid.
  explicit SignatureVerifier(SignatureSpec spec);

  // Returns "" if a known key has signed the request, else the reason of the refusal, a literal.
  // The signature must cover the host. A body that is a stream is covered by no signature.
  [[nodiscard]] std::string_view fault_of(const http::Request& request, SignTime now) const;

 private:
  SignatureSpec spec_;
};

}  // namespace sluice::filters
