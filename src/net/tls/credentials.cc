// SPDX-License-Identifier: Apache-2.0
#include "net/tls/credentials.h"

#include <openssl/err.h>
#include <openssl/pem.h>

namespace sluice::net::tls {
namespace {

using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free>>;
using PrivateKeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;

BioPtr read_from(const std::string& pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// Refuses keys with a passphrase. The default would ask for it on a terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace

std::string last_error() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return reason != nullptr ? reason : "unknown error";
}

Result<std::vector<CertificatePtr>> parse_certificates(const std::string& pem) {
  const BioPtr bio = read_from(pem);
  std::vector<CertificatePtr> chain;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
    chain.emplace_back(certificate);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (chain.empty() || !at_end) {
    const std::string reason = last_error();
    return fail(ErrorKind::invalid, chain.empty() && at_end
                                        ? "holds no PEM certificate"
                                        : "is not a PEM certificate: " + reason);
  }
  ERR_clear_error();
  return chain;
}

Result<void> use_pair(SSL_CTX* context, const KeyPair& pair) {
  SLUICE_TRY(const auto chain, parse_certificates(pair.certificate));
  const BioPtr bio = read_from(pair.key);
  const PrivateKeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key) {
    return fail(ErrorKind::invalid,
                "the key is not an unencrypted PEM private key: " + last_error());
  }
  if (SSL_CTX_use_certificate(context, chain.front().get()) != 1) {
    return fail(ErrorKind::invalid, "the certificate cannot be used: " + last_error());
  }
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1)
      return fail(ErrorKind::invalid, "the chain cannot be used: " + last_error());
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    ERR_clear_error();
    return fail(ErrorKind::invalid, "the key does not belong to the certificate");
  }
  return {};
}

std::string common_name_of_peer(const SSL* session) {
  const CertificatePtr certificate(SSL_get1_peer_certificate(session));
  if (!certificate) return "";
  const X509_NAME* subject = X509_get_subject_name(certificate.get());
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return "";
  unsigned char* text = nullptr;
  const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
  const int size = ASN1_STRING_to_UTF8(&text, value);
  if (size < 0) return "";
  std::string name(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  CRYPTO_free(text, __FILE__, __LINE__);
  return name;
}

std::string wire_format(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& protocol : protocols) {
    wire += static_cast<char>(protocol.size());
    wire += protocol;
  }
  return wire;
}

}  // namespace sluice::net::tls
