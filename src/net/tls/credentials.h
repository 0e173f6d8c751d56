// SPDX-License-Identifier: Apache-2.0
// Inside net/ only: certificates and keys from PEM text, and what servers and clients of TLS have
// in common.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

#include "base/deleter.h"
#include "base/result.h"
#include "net/tls/key_pair.h"

namespace sluice::net::tls {

using CertificatePtr = std::unique_ptr<X509, Deleter<X509_free>>;

// Forward secrecy and authenticated encryption only (RFC 9325 section 4.2).
inline constexpr const char* kCiphersTls12 = "ECDHE+AESGCM:ECDHE+CHACHA20";
inline constexpr const char* kGroups = "X25519:P-256:P-384";

// The reason of the last OpenSSL error of this thread, which is forgotten.
[[nodiscard]] std::string last_error();
// A chain or a bundle; at least one.
[[nodiscard]] Result<std::vector<CertificatePtr>> parse_certificates(const std::string& pem);
// The context shows this certificate. The error never has key material in it.
[[nodiscard]] Result<void> use_pair(SSL_CTX* context, const KeyPair& pair);
// RFC 7301 section 3.1.
[[nodiscard]] std::string wire_format(const std::vector<std::string>& protocols);

}  // namespace sluice::net::tls
