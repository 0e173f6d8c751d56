// SPDX-License-Identifier: Apache-2.0
#include "net/tls/client_setup.h"

#include <openssl/ssl.h>

#include "net/tls/credentials.h"

namespace sluice::net {
namespace {

using X509StorePtr = std::unique_ptr<X509_STORE, Deleter<X509_STORE_free>>;

Result<void> trust_only(SSL_CTX* context, const std::string& authorities) {
  SLUICE_TRY(const auto bundle, tls::parse_certificates(authorities));
  const X509StorePtr store(X509_STORE_new());
  if (!store) return fail(ErrorKind::internal, "OpenSSL: " + tls::last_error());
  for (const auto& authority : bundle) X509_STORE_add_cert(store.get(), authority.get());
  // An authority need not be self-signed to be trusted.
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  // Replaces the macro SSL_CTX_set1_verify_cert_store, which has a C cast.
  SSL_CTX_ctrl(context, SSL_CTRL_SET_VERIFY_CERT_STORE, 1, store.get());
  return {};
}

}  // namespace

Result<void> set_up_client(ssl_ctx_st* context, const TlsClientOptions& options) {
  SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, nullptr);
  if (!options.authorities.empty()) SLUICE_CHECK(trust_only(context, options.authorities));
  return options.own.certificate.empty() ? Result<void>() : tls::use_pair(context, options.own);
}

}  // namespace sluice::net
