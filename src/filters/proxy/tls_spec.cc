// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/tls_spec.h"

#include "base/encoding.h"

namespace sluice::filters {
namespace {

// Accepts PEM as it is, or in base64. Returns "" if `text` is neither.
std::string pem_of(const std::string& text) {
  if (text.contains("-----BEGIN ")) return text;
  return base64_decode(text).value_or("");
}

net::TlsClientOptions options_of(const TlsSpec& spec) {
  net::TlsClientOptions options;
  options.own.certificate = pem_of(spec.cert_base64);
  options.own.key = pem_of(spec.key_base64);
  options.authorities = pem_of(spec.root_cert_base64);
  options.verify = !spec.insecure_skip_verify;
  return options;
}

}  // namespace

void TlsSpec::validate(const std::string& path, config::Faults& faults) const {
  const std::size_t faults_before = faults.count();
  if (cert_base64.empty() != key_base64.empty()) {
    faults.add(config::join_path(path, cert_base64.empty() ? "certBase64" : "keyBase64"),
               "is needed, the other of the pair is there");
  }
  if (!root_cert_base64.empty() && pem_of(root_cert_base64).empty()) {
    faults.add(config::join_path(path, "rootCertBase64"), "is neither PEM nor base64 of PEM");
  }
  if (!cert_base64.empty() && pem_of(cert_base64).empty()) {
    faults.add(config::join_path(path, "certBase64"), "is neither PEM nor base64 of PEM");
  }
  const bool all_default = cert_base64.empty() && root_cert_base64.empty();
  if (all_default || faults.count() != faults_before) return;  // a context costs 30 ms
  const auto context = net::TlsClientContext::create(options_of(*this));
  if (context) return;
  for (const auto& fault : context.error()) {
    faults.add(fault.path.empty() ? path : config::join_path(path, fault.path), fault.text);
  }
}

std::shared_ptr<const net::TlsClientContext> TlsSpec::make(bool http2) const {
  net::TlsClientOptions options = options_of(*this);
  if (http2) options.protocols.emplace_back("h2");
  options.protocols.emplace_back("http/1.1");
  return net::TlsClientContext::create(options).value_or(nullptr);
}

net::CertificateEnds TlsSpec::certificates(const std::string& path) const {
  net::CertificateEnds ends;
  if (!cert_base64.empty()) {
    auto end = net::end_of_chain(config::join_path(path, "certBase64"), pem_of(cert_base64));
    if (end) ends.push_back(*std::move(end));
  }
  if (!root_cert_base64.empty()) {
    auto end = net::end_of_authorities(config::join_path(path, "rootCertBase64"),
                                       pem_of(root_cert_base64));
    if (end) ends.push_back(*std::move(end));
  }
  return ends;
}

}  // namespace sluice::filters
