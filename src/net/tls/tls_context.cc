// SPDX-License-Identifier: Apache-2.0
#include "net/tls/tls_context.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/deleter.h"
#include "base/text.h"
#include "net/tls/credentials.h"

namespace sluice::net {
namespace {

using tls::ContextPtr;
using tls::last_error;
using tls::parse_certificates;
using tls::use_pair;

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

Digest digest_of(std::string_view bytes) {
  Digest digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return digest;
}

// The digest does not depend on the order of the authorities, or on duplicates.
std::string digest_of(const std::vector<tls::CertificatePtr>& authorities) {
  std::set<Digest> each;
  for (const auto& authority : authorities) {
    Digest digest{};
    X509_digest(authority.get(), EVP_sha256(), digest.data(), nullptr);
    each.insert(digest);
  }
  std::string all;
  for (const Digest& digest : each) all.append(digest.begin(), digest.end());
  const Digest digest = digest_of(all);
  return hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

void demand_client_certificate(SSL_CTX* context,
                               const std::vector<tls::CertificatePtr>& authorities) {
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const auto& authority : authorities) {
    X509_STORE_add_cert(store, authority.get());
    SSL_CTX_add_client_CA(context, authority.get());
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  tls::keep_chains_in_tickets(context);
}

// Binds tickets to the authorities of client certificates. Another configuration or process may
// open a ticket, and the ticket stands for its handshake: it must not open where more is required
// than that handshake has shown.
void bind_sessions(SSL_CTX* context, const std::string& authorities) {
  const Digest policy = digest_of("sluice client authorities " + authorities);
  static_assert(SHA256_DIGEST_LENGTH <= SSL_MAX_SID_CTX_LENGTH);
  SSL_CTX_set_session_id_context(context, policy.data(), policy.size());
}

bool set_up_ciphers(const TicketKeys::Key& key, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                    EVP_MAC_CTX* mac, bool seal) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY,
                                        const_cast<unsigned char*>(key.mac.data()), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  if (EVP_MAC_CTX_set_params(mac, parameters) != 1) return false;
  return EVP_CipherInit_ex2(cipher, EVP_aes_256_cbc(), key.cipher.data(), iv, seal ? 1 : 0,
                            nullptr) == 1;
}

// Called by OpenSSL for the key that seals or opens a ticket. Returns 1: the key is set; 2: the
// same, and the client gets a new ticket; 0: no key, so a full handshake; -1: failure.
int on_ticket(SSL* session, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
              EVP_MAC_CTX* mac, int seal) {
  auto* tickets = static_cast<TicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
  const TimePoint now = Clock::now();
  if (seal != 0) {
    const TicketKeys::Key key = tickets->current(now);
    if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return -1;
    std::ranges::copy(key.name, name);
    return set_up_ciphers(key, iv, cipher, mac, true) ? 1 : -1;
  }
  const auto found = tickets->find(std::span<const unsigned char, 16>(name, 16), now);
  if (!found) return 0;
  if (!set_up_ciphers(found->key, iv, cipher, mac, false)) return -1;
  return found->newest ? 1 : 2;
}

Result<ContextPtr> make_server_context(TicketKeys& tickets) {
  ContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context) return fail(ErrorKind::internal, "OpenSSL: " + last_error());
  SSL_CTX* c = context.get();
  SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
  SSL_CTX_set_options(c, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                             SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);  // tickets only
  SSL_CTX_set_timeout(c, 3600);
  SSL_CTX_set_app_data(c, &tickets);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(c, on_ticket);
  if (SSL_CTX_set_cipher_list(c, tls::kCiphersTls12) != 1 ||
      SSL_CTX_set1_groups_list(c, tls::kGroups) != 1) {
    return fail(ErrorKind::internal, "OpenSSL: " + last_error());
  }
  return context;
}

}  // namespace

struct TlsContext::State {
  std::shared_ptr<TicketKeys> tickets;  // outlives the contexts, which point to it
  std::vector<ContextPtr> contexts;     // one per pair
  std::string protocols;                // RFC 7301 wire format
  std::string client_authorities;
  CertificateEnds ends;

  [[nodiscard]] Result<ContextPtr> add(const KeyPair& pair);
  static int on_server_name(SSL* session, int* alert, void* self);
  static int on_protocols(SSL* session, const unsigned char** out, unsigned char* out_size,
                          const unsigned char* offered, unsigned offered_size, void* self);
};

int TlsContext::State::on_server_name(SSL* session, int*, void* self) {
  const char* name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  for (const ContextPtr& context : static_cast<const State*>(self)->contexts) {
    X509* certificate = SSL_CTX_get0_certificate(context.get());
    if (X509_check_host(certificate, name, 0, 0, nullptr) != 1) continue;
    SSL_set_SSL_CTX(session, context.get());
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;  // the first pair
}

int TlsContext::State::on_protocols(SSL*, const unsigned char** out, unsigned char* out_size,
                                    const unsigned char* offered, unsigned offered_size,
                                    void* self) {
  const std::string& ours = static_cast<const State*>(self)->protocols;
  unsigned char* chosen = nullptr;
  const int outcome =
      SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
                            static_cast<unsigned>(ours.size()), offered, offered_size);
  // RFC 7301 section 3.2: nothing in common ends the connection.
  if (outcome != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

TlsContext::TlsContext(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsContext::~TlsContext() = default;

Result<ContextPtr> TlsContext::State::add(const KeyPair& pair) {
  SLUICE_TRY(ContextPtr context, make_server_context(*tickets));
  SLUICE_CHECK(use_pair(context.get(), pair));
  // Replaces the macro SSL_CTX_set_tlsext_servername_callback, which has a C cast.
  SSL_CTX_callback_ctrl(context.get(), SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                        reinterpret_cast<void (*)()>(on_server_name));
  SSL_CTX_set_tlsext_servername_arg(context.get(), this);
  if (!protocols.empty()) SSL_CTX_set_alpn_select_cb(context.get(), on_protocols, this);
  return context;
}

std::expected<std::shared_ptr<const TlsContext>, std::vector<TlsContext::CertificateFault>>
TlsContext::create(const TlsServerOptions& options, std::shared_ptr<TicketKeys> tickets) {
  auto state = std::make_unique<State>();
  state->tickets = std::move(tickets);
  state->protocols = tls::wire_format(options.protocols);
  std::vector<CertificateFault> faults;
  for (const KeyPair& pair : options.pairs) {
    auto context = state->add(pair);
    if (context) {
      state->contexts.push_back(*std::move(context));
      if (auto end = end_of_chain(pair.path, pair.certificate))
        state->ends.push_back(*std::move(end));
    } else {
      faults.push_back({pair.path, context.error().message});
    }
  }
  std::vector<tls::CertificatePtr> authorities;
  if (!options.client_ca.empty()) {
    auto parsed = parse_certificates(options.client_ca);
    if (parsed) {
      authorities = *std::move(parsed);
      state->client_authorities = digest_of(authorities);
      if (auto end = end_of_authorities(kAuthoritiesPath, options.client_ca))
        state->ends.push_back(*std::move(end));
    } else {
      faults.push_back({kAuthoritiesPath, parsed.error().message});
    }
  }
  for (const ContextPtr& context : state->contexts) {
    bind_sessions(context.get(), state->client_authorities);
    if (!authorities.empty()) demand_client_certificate(context.get(), authorities);
  }
  if (!faults.empty()) return std::unexpected(std::move(faults));
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(state)));
}

const std::string& TlsContext::client_authorities() const { return state_->client_authorities; }

const CertificateEnds& TlsContext::certificates() const { return state_->ends; }

ssl_st* TlsContext::new_session() const {
  SSL* session = SSL_new(state_->contexts.front().get());
  if (session != nullptr) SSL_set_accept_state(session);
  return session;
}

}  // namespace sluice::net
