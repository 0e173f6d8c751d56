// SPDX-License-Identifier: Apache-2.0
#include "net/tls/check_certificate.h"

#include <openssl/x509v3.h>

#include <memory>
#include <vector>

#include "base/deleter.h"
#include "net/resolver.h"
#include "net/tls/credentials.h"

namespace sluice::net {
namespace {

using tls::CertificatePtr;
using StorePtr = std::unique_ptr<X509_STORE, Deleter<X509_STORE_free>>;
using CheckPtr = std::unique_ptr<X509_STORE_CTX, Deleter<X509_STORE_CTX_free>>;

void free_stack(STACK_OF(X509) * stack) { sk_X509_free(stack); }
using StackPtr = std::unique_ptr<STACK_OF(X509), Deleter<free_stack>>;

std::unexpected<Error> out_of_memory() { return fail(ErrorKind::unavailable, "out of memory"); }

Result<void> verify(X509_STORE* store, const std::vector<CertificatePtr>& chain, int purpose) {
  const StackPtr others(sk_X509_new_null());
  const CheckPtr check(X509_STORE_CTX_new());
  if (!others || !check) return out_of_memory();
  for (std::size_t i = 1; i < chain.size(); ++i) sk_X509_push(others.get(), chain[i].get());
  if (X509_STORE_CTX_init(check.get(), store, chain.front().get(), others.get()) != 1)
    return out_of_memory();
  X509_STORE_CTX_set_purpose(check.get(), purpose);
  if (X509_verify_cert(check.get()) == 1) return {};
  const std::string reason = X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get()));
  return fail(ErrorKind::invalid, std::string("as that of a ") +
                                      (purpose == X509_PURPOSE_SSL_SERVER ? "server" : "client") +
                                      ", it is refused: " + reason);
}

bool names(X509* certificate, const std::string& host) {
  if (is_ip_literal(host)) return X509_check_ip_asc(certificate, host.c_str(), 0) == 1;
  return X509_check_host(certificate, host.c_str(), host.size(),
                         X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) == 1;
}

}  // namespace

Result<void> check_certificate(const std::string& chain, const std::string& authorities,
                               const std::string& host) {
  SLUICE_TRY(const auto certificates, tls::parse_certificates(chain));
  SLUICE_TRY(const auto bundle, tls::parse_certificates(authorities));
  const StorePtr store(X509_STORE_new());
  if (!store) return out_of_memory();
  for (const auto& authority : bundle) X509_STORE_add_cert(store.get(), authority.get());
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  for (const int purpose : {X509_PURPOSE_SSL_SERVER, X509_PURPOSE_SSL_CLIENT})
    SLUICE_CHECK(verify(store.get(), certificates, purpose));
  if (names(certificates.front().get(), host)) return {};
  return fail(ErrorKind::invalid, "it does not name " + host);
}

}  // namespace sluice::net
