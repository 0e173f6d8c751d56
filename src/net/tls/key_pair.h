// SPDX-License-Identifier: Apache-2.0
// KeyPair: a certificate with its key, as a specification gives them.
#pragma once

#include <string>

namespace sluice::net {

struct KeyPair {
  std::string path;         // for errors: where in the specification it stands
  std::string certificate;  // PEM, the chain behind it
  std::string key;          // PEM
};

}  // namespace sluice::net
