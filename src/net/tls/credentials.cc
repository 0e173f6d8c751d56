// SPDX-License-Identifier: Apache-2.0
#include "net/tls/credentials.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <string_view>

namespace sluice::net::tls {
namespace {

using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free>>;
using PrivateKeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;

BioPtr read_from(const std::string& pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// Refuses keys with a passphrase. The default would ask for it on a terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

// The name of a file, where the text of the file belongs.
bool seems_path(std::string_view text) {
  constexpr std::size_t kPathBytesMax = 255;
  return text.size() <= kPathBytesMax && text.find_first_of("/.") != std::string_view::npos &&
         text.find_first_of("\r\n") == std::string_view::npos;
}

constexpr std::size_t kNameFieldsMax = 32;  // of one name
constexpr int kNameBytesMax = 1024;         // of one field
constexpr std::size_t kTicketChainMax = 8 << 10;

struct KnownField {
  int id;
  NameField field;
};
constexpr KnownField kKnownFields[] = {
    {NID_countryName, NameField::country},
    {NID_organizationName, NameField::organization},
    {NID_organizationalUnitName, NameField::organizational_unit},
    {NID_localityName, NameField::locality},
    {NID_stateOrProvinceName, NameField::province},
    {NID_streetAddress, NameField::street_address},
    {NID_postalCode, NameField::postal_code},
    {NID_serialNumber, NameField::serial_number},
    {NID_commonName, NameField::common_name},
};

// "" for text that is too long, or cannot be UTF-8.
std::string utf8_of(const ASN1_STRING* value) {
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, value);
  if (size < 0) return "";
  std::string out;
  if (size <= kNameBytesMax)
    out.assign(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
  CRYPTO_free(text, __FILE__, __LINE__);
  return out;
}

CertificateName read_name(const X509_NAME* name) {
  CertificateName fields;
  for (int i = 0; i < X509_NAME_entry_count(name) && fields.size() < kNameFieldsMax; ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    const int id = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
    for (const KnownField& known : kKnownFields) {
      if (known.id == id)
        fields.emplace_back(known.field, utf8_of(X509_NAME_ENTRY_get_data(entry)));
    }
  }
  return fields;
}

PeerCertificates::Certificate read_names(const X509* certificate) {
  return {read_name(X509_get_subject_name(certificate)),
          read_name(X509_get_issuer_name(certificate))};
}

// The DER of the certificates behind the peer's own, one after the other.
std::string encode_chain(const SSL* session) {
  std::string out;
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(session);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    unsigned char* der = nullptr;
    const int size = i2d_X509(sk_X509_value(chain, i), &der);
    if (size > 0) out.append(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    CRYPTO_free(der, __FILE__, __LINE__);
  }
  return out;
}

constexpr char kWhole = 'w';
constexpr char kTooLarge = 'l';

// The first byte says whether the chain follows.
std::string_view ticket_data(SSL_SESSION* ticket) {
  void* data = nullptr;
  std::size_t size = 0;
  if (SSL_SESSION_get0_ticket_appdata(ticket, &data, &size) != 1 || data == nullptr) return {};
  return {static_cast<const char*>(data), size};
}

int on_new_ticket(SSL* session, void*) {
  // A resumed session passes its data on.
  if (SSL_session_reused(session) == 1) return 1;
  std::string data = kWhole + encode_chain(session);
  if (data.size() > kTicketChainMax) data = kTooLarge;
  return SSL_SESSION_set1_ticket_appdata(SSL_get_session(session), data.data(), data.size());
}

SSL_TICKET_RETURN on_shown_ticket(SSL*, SSL_SESSION* ticket, const unsigned char*, std::size_t,
                                  SSL_TICKET_STATUS status, void*) {
  const bool opened = status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW;
  if (!opened || !ticket_data(ticket).starts_with(kWhole)) return SSL_TICKET_RETURN_IGNORE_RENEW;
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

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
    if (!chain.empty() || !at_end)
      return fail(ErrorKind::invalid, "is not a PEM certificate: " + reason);
    return fail(ErrorKind::invalid, std::string("holds no PEM certificate") +
                                        (seems_path(pem) ? ": give the text of the file" : ""));
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
  return utf8_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

std::shared_ptr<const PeerCertificates> certificates_of_peer(SSL* session) {
  const CertificatePtr own(SSL_get1_peer_certificate(session));
  if (!own) return nullptr;
  const auto shown = std::make_shared<PeerCertificates>();
  shown->chain.push_back(read_names(own.get()));
  std::string others;
  if (SSL_session_reused(session) == 1) {
    const std::string_view data = ticket_data(SSL_get_session(session));
    others = data.substr(std::min<std::size_t>(1, data.size()));
  } else {
    others = encode_chain(session);
  }
  const auto* at = reinterpret_cast<const unsigned char*>(others.data());
  const unsigned char* const end = at + others.size();
  while (at < end) {
    const CertificatePtr next(d2i_X509(nullptr, &at, end - at));
    if (!next) break;
    shown->chain.push_back(read_names(next.get()));
  }
  ERR_clear_error();
  return shown;
}

void keep_chains_in_tickets(SSL_CTX* context) {
  SSL_CTX_set_session_ticket_cb(context, on_new_ticket, on_shown_ticket, nullptr);
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
