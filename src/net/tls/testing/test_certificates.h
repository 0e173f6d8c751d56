// SPDX-License-Identifier: Apache-2.0
// Certificates for tests, made on demand.
#pragma once

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <memory>
#include <string>

#include "net/tls/tls_context.h"

namespace sluice::net::testing {

inline std::string take_text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

struct Validity {
  std::chrono::sys_seconds end = std::chrono::floor<std::chrono::seconds>(
      std::chrono::system_clock::now() + std::chrono::hours(24));
};

// Makes a self-signed certificate for the DNS name, which can also serve as its own authority.
inline KeyPair make_pair(const std::string& name, const Validity& validity = {}) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  ASN1_TIME_set(X509_getm_notAfter(certificate), validity.end.time_since_epoch().count());
  X509_set_pubkey(certificate, key);
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, subject);
  for (const auto& [id, text] : {std::pair(NID_basic_constraints, std::string("CA:TRUE")),
                                 std::pair(NID_subject_alt_name, "DNS:" + name)}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, text.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(certificate, key, EVP_sha256());
  BIO* certificate_text = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate_text, certificate);
  BIO* key_text = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(key_text, key, nullptr, nullptr, 0, nullptr, nullptr);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return {"pair " + name, take_text(certificate_text), take_text(key_text)};
}

}  // namespace sluice::net::testing
