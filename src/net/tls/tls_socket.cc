// SPDX-License-Identifier: Apache-2.0
#include "net/tls/tls_socket.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/deleter.h"

namespace sluice::net {

TlsSocket::TlsSocket(int descriptor, std::shared_ptr<const TlsContext> context)
    : context_(std::move(context)), session_(context_->new_session()) {
  if (session_ == nullptr) return;
  SSL_ctrl(session_, SSL_CTRL_MODE,
           SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER, nullptr);
  if (SSL_set_fd(session_, descriptor) == 1) return;
  SSL_free(session_);
  session_ = nullptr;
}

TlsSocket::~TlsSocket() { SSL_free(session_); }

TlsSocket::Outcome TlsSocket::handshake() {
  if (session_ == nullptr) return Outcome::failed;
  ERR_clear_error();
  const int returned = SSL_do_handshake(session_);
  return returned == 1 ? Outcome::done : outcome_of(returned);
}

TlsSocket::Outcome TlsSocket::read(std::span<char> buffer, std::size_t& count) {
  ERR_clear_error();
  const int returned = SSL_read_ex(session_, buffer.data(), buffer.size(), &count);
  return returned == 1 ? Outcome::done : outcome_of(returned);
}

TlsSocket::Outcome TlsSocket::write(std::string_view bytes, std::size_t& count) {
  ERR_clear_error();
  const int returned = SSL_write_ex(session_, bytes.data(), bytes.size(), &count);
  return returned == 1 ? Outcome::done : outcome_of(returned);
}

TlsSocket::Outcome TlsSocket::outcome_of(int returned) {
  switch (SSL_get_error(session_, returned)) {
    case SSL_ERROR_WANT_READ:
      return Outcome::wants_read;
    case SSL_ERROR_WANT_WRITE:
      return Outcome::wants_write;
    case SSL_ERROR_ZERO_RETURN:
      return Outcome::ended;
    default:
      break;
  }
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  trouble_ = reason != nullptr ? reason : "the connection broke off";
  ERR_clear_error();
  return Outcome::failed;
}

bool TlsSocket::has_pending() const { return SSL_has_pending(session_) == 1; }

void TlsSocket::shut_down() {
  if (session_ == nullptr || !trouble_.empty()) return;
  SSL_shutdown(session_);
  ERR_clear_error();
}

std::string peer_common_name(const ssl_st* session) {
  using CertificatePtr = std::unique_ptr<X509, Deleter<X509_free>>;
  const CertificatePtr certificate(SSL_get1_peer_certificate(session));
  if (!certificate) return "";
  const X509_NAME* subject = X509_get_subject_name(certificate.get());
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return "";
  unsigned char* text = nullptr;
  const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
  const int size = ASN1_STRING_to_UTF8(&text, value);
  if (size < 0) return "";
  const std::string name(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  CRYPTO_free(text, __FILE__, __LINE__);
  return name;
}

}  // namespace sluice::net
