// SPDX-License-Identifier: Apache-2.0
// KeyPair: a certificate with its key, as a spec contains them.
#pragma once

#include <string>

namespace sluice::net {

struct KeyPair {
  std::string path;         // for errors: its path in the spec
  std::string certificate;  // PEM, followed by the chain
  std::string key;          // PEM
};

}  // namespace sluice::net
