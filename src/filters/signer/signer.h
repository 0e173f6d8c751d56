// SPDX-License-Identifier: Apache-2.0
// RequestSigner: signs requests in their Authorization header. Immutable; any thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "filters/signer/canonical.h"
#include "filters/signer/spec.h"

namespace sluice::filters {

class RequestSigner {
 public:
  // Signs with accessKeyId and accessKeySecret. `scopes`: such as region and service.
  // Requires: both are there, and the spec is valid.
  RequestSigner(SignatureSpec spec, std::vector<std::string> scopes);

  // Sets the date and Authorization, and replaces those of the client. Covers host, the query, the
  // body, and each header that a backend gets as it is; the User-Agent is not covered. Error
  // `invalid`: the body is a stream, or a pair of the query cannot be decoded.
  [[nodiscard]] Result<void> sign(http::Request& request, SignTime now) const;

 private:
  [[nodiscard]] std::vector<std::string> names_of(const http::Request& request) const;
  [[nodiscard]] bool covers(std::string_view name) const;

  SignatureSpec spec_;
  std::vector<std::string> scopes_;
};

}  // namespace sluice::filters
