// SPDX-License-Identifier: Apache-2.0
#include "server/tls_settings.h"

#include <utility>

#include "base/encoding.h"

namespace sluice::server {
namespace {

// Returns PEM text, which is given as it is or in base64.
std::string pem_of(const std::string& text) {
  if (text.contains("-----BEGIN ")) return text;
  return base64_decode(text).value_or("");
}

void add_single(const HttpServerSpec& spec, std::vector<net::KeyPair>& pairs,
                config::Faults& faults) {
  if (spec.cert_base64.empty() && spec.key_base64.empty()) return;
  if (spec.cert_base64.empty()) return faults.add("certBase64", "is missing, keyBase64 is there");
  if (spec.key_base64.empty()) return faults.add("keyBase64", "is missing, certBase64 is there");
  pairs.push_back({"certBase64", pem_of(spec.cert_base64), pem_of(spec.key_base64)});
}

void add_named(const HttpServerSpec& spec, std::vector<net::KeyPair>& pairs,
               config::Faults& faults) {
  for (const auto& [name, certificate] : spec.certs) {
    const auto key = spec.keys.find(name);
    if (key == spec.keys.end()) {
      faults.add("keys." + name, "is missing, certs." + name + " is there");
    } else {
      pairs.push_back({"certs." + name, pem_of(certificate), pem_of(key->second)});
    }
  }
  for (const auto& [name, key] : spec.keys) {
    if (!spec.certs.contains(name))
      faults.add("certs." + name, "is missing, keys." + name + " is there");
  }
}

}  // namespace

std::shared_ptr<const net::TlsContext> make_tls(const HttpServerSpec& spec,
                                                std::shared_ptr<net::TicketKeys> tickets,
                                                config::Faults& faults) {
  net::TlsServerOptions options;
  const std::size_t faults_before = faults.count();
  add_single(spec, options.pairs, faults);
  add_named(spec, options.pairs, faults);
  if (spec.http2) options.protocols.emplace_back("h2");
  options.protocols.emplace_back("http/1.1");
  options.protocols.emplace_back("http/1.0");  // a client of that alone; the codec is the same
  if (!spec.ca_cert_base64.empty()) {
    options.client_ca = pem_of(spec.ca_cert_base64);
    if (options.client_ca.empty()) faults.add("caCertBase64", "is neither PEM nor base64 of PEM");
  }
  if (!spec.https && options.pairs.empty()) return nullptr;
  // autoCert has a fault of its own, with the same way out.
  if (options.pairs.empty() && faults.count() == faults_before && !spec.wants_auto_cert())
    faults.add("https", "needs a certificate: certBase64 and keyBase64, or certs and keys");
  if (options.pairs.empty() || faults.count() != faults_before) return nullptr;
  auto context = net::TlsContext::create(options, std::move(tickets));
  if (!context) {
    for (const net::TlsContext::CertificateFault& fault : context.error())
      faults.add(fault.path, fault.text);
    return nullptr;
  }
  return spec.https ? *std::move(context) : nullptr;
}

}  // namespace sluice::server
