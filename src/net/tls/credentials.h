// SPDX-License-Identifier: Apache-2.0
// Inside net/ only: certificates and keys from PEM text, and settings shared by TLS servers and
// clients.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

#include "base/deleter.h"
#include "base/result.h"
#include "net/tls/key_pair.h"
#include "net/tls/peer_certificates.h"

namespace sluice::net::tls {

using ContextPtr = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;
using CertificatePtr = std::unique_ptr<X509, Deleter<X509_free>>;

// Forward secrecy and authenticated encryption only (RFC 9325 section 4.2).
inline constexpr const char* kCiphersTls12 = "ECDHE+AESGCM:ECDHE+CHACHA20";
inline constexpr const char* kGroups = "X25519:P-256:P-384";

// Returns the reason of this thread's last OpenSSL error, and clears the errors.
[[nodiscard]] std::string last_error();
// Parses a chain or a bundle with at least one certificate. Error: `invalid`.
[[nodiscard]] Result<std::vector<CertificatePtr>> parse_certificates(const std::string& pem);
// Sets the certificate, chain and key that the context shows. Error: `invalid`, never with key
// material.
[[nodiscard]] Result<void> use_pair(SSL_CTX* context, const KeyPair& pair);
// Returns the common name of the certificate that the peer has shown; "" without one.
[[nodiscard]] std::string common_name_of_peer(const SSL* session);
// The certificates that the peer of a server has shown; null without one.
[[nodiscard]] std::shared_ptr<const PeerCertificates> certificates_of_peer(SSL* session);
// A session that is resumed has only the peer's own certificate. So the others of its chain go into
// the ticket. A chain that is too large for it is never resumed.
void keep_chains_in_tickets(SSL_CTX* context);
// Encodes the list for ALPN (RFC 7301 section 3.1).
[[nodiscard]] std::string wire_format(const std::vector<std::string>& protocols);

}  // namespace sluice::net::tls
