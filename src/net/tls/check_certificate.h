// SPDX-License-Identifier: Apache-2.0
// Checks a certificate of this process as its peers will. Any thread.
#pragma once

#include <string>

#include "base/result.h"

namespace sluice::net {

// `chain`: PEM, the certificate first. Checks that those who trust `authorities` (PEM) accept it
// now, from a server and from a client, and that it names `host`, a name or an IP literal (RFC 9110
// section 4.3.4). Error `invalid`: the reason.
[[nodiscard]] Result<void> check_certificate(const std::string& chain,
                                             const std::string& authorities,
                                             const std::string& host);

}  // namespace sluice::net
