// SPDX-License-Identifier: Apache-2.0
#include "net/tls/tls_client_context.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "net/resolver.h"
#include "net/tls/credentials.h"

namespace sluice::net {
namespace {

using tls::ContextPtr;

// More than a server offers at once.
constexpr std::size_t kTicketsMax = 4;
// The slot in which an SSL session keeps the TlsTickets for its tickets.
constexpr int kTicketsIndex = 0;
constexpr const char* kOwnPath = "certBase64";
constexpr const char* kAuthoritiesPath = "rootCertBase64";

Result<void> trust(SSL_CTX* context, const std::string& authorities) {
  if (authorities.empty()) {
    if (SSL_CTX_set_default_verify_paths(context) == 1) return {};
    return fail(ErrorKind::internal, "the system's authorities: " + tls::last_error());
  }
  SLUICE_TRY(const auto bundle, tls::parse_certificates(authorities));
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const auto& authority : bundle) X509_STORE_add_cert(store, authority.get());
  // An authority need not be self-signed to be trusted.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  return {};
}

Result<ContextPtr> make_client_context(const TlsClientOptions& options) {
  ContextPtr context(SSL_CTX_new(TLS_client_method()));
  if (!context) return fail(ErrorKind::internal, "OpenSSL: " + tls::last_error());
  SSL_CTX* c = context.get();
  SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
  SSL_CTX_set_options(c, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_set_verify(c, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  const std::string protocols = tls::wire_format(options.protocols);
  const bool good =
      SSL_CTX_set_cipher_list(c, tls::kCiphersTls12) == 1 &&
      SSL_CTX_set1_groups_list(c, tls::kGroups) == 1 &&
      (protocols.empty() ||
       SSL_CTX_set_alpn_protos(c, reinterpret_cast<const unsigned char*>(protocols.data()),
                               static_cast<unsigned>(protocols.size())) == 0);
  if (!good) return fail(ErrorKind::internal, "OpenSSL: " + tls::last_error());
  return context;
}

// Requires that the certificate is for this name or address (RFC 9110 section 4.3.4).
bool expect_host(SSL* session, const std::string& host) {
  if (is_ip_literal(host)) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str()) == 1;
  }
  SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  std::string name = host;
  // Replaces the macro SSL_set_tlsext_host_name, which has a C cast.
  return SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) ==
             1 &&
         SSL_set1_host(session, host.c_str()) == 1;
}

CertificateEnds ends_of(const TlsClientOptions& options) {
  CertificateEnds ends;
  if (!options.own.certificate.empty()) {
    if (auto end = end_of_chain(kOwnPath, options.own.certificate)) ends.push_back(*std::move(end));
  }
  if (!options.authorities.empty()) {
    if (auto end = end_of_authorities(kAuthoritiesPath, options.authorities))
      ends.push_back(*std::move(end));
  }
  return ends;
}

}  // namespace

struct TlsClientContext::Settings {
  ContextPtr context;
  CertificateEnds ends;
};

TlsTickets::~TlsTickets() {
  for (SSL_SESSION* ticket : tickets_) SSL_SESSION_free(ticket);
}

// Returns 1: this object now owns the reference.
int TlsTickets::on_ticket(SSL* session, SSL_SESSION* ticket) {
  auto* tickets = static_cast<TlsTickets*>(SSL_get_ex_data(session, kTicketsIndex));
  if (tickets == nullptr || SSL_get_SSL_CTX(session) != tickets->context_) return 0;
  tickets->put(ticket);
  return 1;
}

void TlsTickets::use(std::shared_ptr<const void> settings, const SSL_CTX* context) {
  if (context == context_) return;
  for (SSL_SESSION* ticket : tickets_) SSL_SESSION_free(ticket);
  tickets_.clear();
  settings_ = std::move(settings);
  context_ = context;
}

void TlsTickets::put(SSL_SESSION* ticket) {
  tickets_.push_back(ticket);
  if (tickets_.size() <= kTicketsMax) return;
  SSL_SESSION_free(tickets_.front());
  tickets_.erase(tickets_.begin());
}

SSL_SESSION* TlsTickets::take() {
  while (!tickets_.empty()) {
    SSL_SESSION* ticket = tickets_.back();
    if (SSL_SESSION_is_resumable(ticket) == 1) {
      if (SSL_SESSION_get_protocol_version(ticket) == TLS1_3_VERSION) {
        tickets_.pop_back();
      } else {
        SSL_SESSION_up_ref(ticket);
      }
      return ticket;
    }
    tickets_.pop_back();
    SSL_SESSION_free(ticket);
  }
  return nullptr;
}

std::expected<std::shared_ptr<TlsClientContext>, std::vector<TlsContext::CertificateFault>>
TlsClientContext::create(const TlsClientOptions& options) {
  auto context = make_client_context(options);
  if (!context)
    return std::unexpected(std::vector{TlsContext::CertificateFault{"", context.error().message}});
  std::vector<TlsContext::CertificateFault> faults;
  SSL_CTX_sess_set_new_cb(context->get(), TlsTickets::on_ticket);
  if (!options.own.certificate.empty()) {
    if (const auto used = tls::use_pair(context->get(), options.own); !used) {
      faults.push_back({kOwnPath, used.error().message});
    }
  }
  if (const auto trusted = trust(context->get(), options.authorities); !trusted) {
    faults.push_back({kAuthoritiesPath, trusted.error().message});
  }
  if (!faults.empty()) return std::unexpected(std::move(faults));
  auto settings = std::make_shared<Settings>(*std::move(context), ends_of(options));
  return std::shared_ptr<TlsClientContext>(new TlsClientContext(std::move(settings)));
}

TlsClientContext::TlsClientContext(std::shared_ptr<const Settings> settings)
    : settings_(std::move(settings)) {}

TlsClientContext::~TlsClientContext() = default;

void TlsClientContext::renew(const TlsClientContext& other) {
  settings_.store(other.settings_.load());
}

CertificateEnds TlsClientContext::certificates() const { return settings_.load()->ends; }

ssl_st* TlsClientContext::new_session(const std::string& host, TlsTickets& tickets) const {
  const auto settings = settings_.load();
  SSL* session = SSL_new(settings->context.get());
  if (session == nullptr) return nullptr;
  tickets.use(settings, settings->context.get());
  if (!expect_host(session, host) || SSL_set_ex_data(session, kTicketsIndex, &tickets) != 1) {
    SSL_free(session);
    return nullptr;
  }
  SSL_set_connect_state(session);
  if (SSL_SESSION* ticket = tickets.take()) {
    SSL_set_session(session, ticket);
    SSL_SESSION_free(ticket);
  }
  return session;
}

}  // namespace sluice::net
