// SPDX-License-Identifier: Apache-2.0
#include "net/tls/certificate_end.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>
#include <utility>

#include "base/deleter.h"
#include "net/tls/credentials.h"

namespace sluice::net {
namespace {

using MemoryPtr = std::unique_ptr<BIO, Deleter<BIO_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;

constexpr std::size_t kSubjectBytesMax = 256;

std::chrono::sys_seconds end_of(const X509* certificate) {
  std::tm date{};
  // A date that does not parse has passed: OpenSSL refuses such a certificate.
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &date) != 1) return {};
  return std::chrono::sys_seconds(std::chrono::seconds(timegm(&date)));
}

// The bytes written to `text`, as printable ASCII.
std::string text_in(BIO* text) {
  std::string bytes(kSubjectBytesMax, '\0');
  const int count = BIO_read(text, bytes.data(), static_cast<int>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max(count, 0)));
  std::ranges::replace_if(
      bytes, [](char c) { return c < ' ' || c > '~'; }, '?');
  return bytes;
}

// "DNS:shop.example", of a certificate without a subject.
std::string first_name_of(const X509* certificate) {
  const NamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  const MemoryPtr text(BIO_new(BIO_s_mem()));
  if (!names || !text || sk_GENERAL_NAME_num(names.get()) == 0) return "no subject";
  GENERAL_NAME_print(text.get(), sk_GENERAL_NAME_value(names.get(), 0));
  return text_in(text.get());
}

std::string subject_of(const X509* certificate) {
  const MemoryPtr text(BIO_new(BIO_s_mem()));
  if (!text) return "";
  X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  const std::string subject = text_in(text.get());
  return subject.empty() ? first_name_of(certificate) : subject;
}

CertificateEnd entry_for(std::string place, const X509* certificate) {
  return {std::move(place), subject_of(certificate), end_of(certificate)};
}

bool ends_before(const tls::CertificatePtr& a, const tls::CertificatePtr& b) {
  return end_of(a.get()) < end_of(b.get());
}

bool is_self_signed(X509* certificate) {
  return (X509_get_extension_flags(certificate) & EXFLAG_SS) != 0;
}

}  // namespace

CertificateState state_of(const CertificateEnd& certificate,
                          std::chrono::system_clock::time_point now) {
  const auto at = std::chrono::floor<std::chrono::seconds>(now);
  if (certificate.end < at) return CertificateState::ended;
  return certificate.end < at + kCertificateNotice ? CertificateState::ends_soon
                                                   : CertificateState::valid;
}

std::string end_text(const CertificateEnd& certificate) {
  const std::time_t seconds = certificate.end.time_since_epoch().count();
  std::tm date{};
  gmtime_r(&seconds, &date);
  std::array<char, 40> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &date);
  return text.data();
}

Result<CertificateEnd> end_of_chain(std::string place, const std::string& pem) {
  SLUICE_TRY(auto chain, tls::parse_certificates(pem));
  chain.erase(std::remove_if(chain.begin() + 1, chain.end(),
                             [](const auto& other) { return is_self_signed(other.get()); }),
              chain.end());
  return entry_for(std::move(place), std::ranges::min_element(chain, ends_before)->get());
}

Result<CertificateEnd> end_of_authorities(std::string place, const std::string& pem) {
  SLUICE_TRY(const auto bundle, tls::parse_certificates(pem));
  return entry_for(std::move(place), std::ranges::max_element(bundle, ends_before)->get());
}

}  // namespace sluice::net
