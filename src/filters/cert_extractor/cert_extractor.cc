// SPDX-License-Identifier: Apache-2.0
#include "filters/cert_extractor/cert_extractor.h"

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "http/exact_value.h"
#include "http/field_kind.h"
#include "http/field_twins.h"
#include "http/headers.h"
#include "net/tls/peer_certificates.h"
#include "pipeline/exchange.h"
#include "pipeline/simple_kind.h"

namespace sluice::filters {
namespace {

using net::NameField;

constexpr std::array<std::pair<std::string_view, NameField>, 9> kNameFields{{
    {"Country", NameField::country},
    {"Organization", NameField::organization},
    {"OrganizationalUnit", NameField::organizational_unit},
    {"Locality", NameField::locality},
    {"Province", NameField::province},
    {"StreetAddress", NameField::street_address},
    {"PostalCode", NameField::postal_code},
    {"SerialNumber", NameField::serial_number},
    {"CommonName", NameField::common_name},
}};

std::vector<std::string_view> name_field_names() {
  std::vector<std::string_view> names;
  for (const auto& [name, field] : kNameFields) names.push_back(name);
  return names;
}

NameField name_field(std::string_view name) {
  for (const auto& [known, field] : kNameFields) {
    if (known == name) return field;
  }
  return NameField::common_name;
}

struct CertExtractorSpec {
  pipeline::FilterMeta meta;
  int cert_index = 0;
  std::string target;
  std::string field;
  std::string header_key;

  void fields(auto& visit) {
    meta.fields(visit);
    visit("certIndex", cert_index,
          {.required = true,
           .doc = "place in the chain that the client has sent. 0 is its own certificate, 1 the "
                  "next; -1 is the last"});
    visit("target", target,
          {.required = true, .one_of = {"subject", "issuer"}, .doc = "whose name is read"});
    visit("field", field,
          {.required = true, .one_of = name_field_names(), .doc = "part of the name"});
    visit("headerKey", header_key,
          {.required = true,
           .doc = "the header. A field that comes more than once in the name makes a header for "
                  "each value"});
  }
  void validate(const std::string& path, config::Faults& faults) const {
    const std::string where = config::join_path(path, "headerKey");
    if (!http::is_token(header_key)) {
      faults.add(where, config::quote(header_key) + " is not a header name");
    } else if (http::field_kind(header_key) != http::FieldKind::other) {
      faults.add(where, config::quote(header_key) + " belongs to the connection");
    }
  }
};

class CertExtractor final : public pipeline::Filter {
 public:
  static constexpr std::string_view kKind = "CertExtractor";
  static constexpr std::string_view kDescription =
      "Sets headers from the certificate of the client.";
  static constexpr std::array<std::string_view, 0> kResults = {};

  explicit CertExtractor(std::shared_ptr<const CertExtractorSpec> spec)
      : spec_(std::move(spec)), field_(name_field(spec_->field)) {}

  Task<std::string_view> handle(pipeline::Exchange& exchange) override {
    http::Request* request = exchange.request();
    if (request == nullptr) co_return "";
    // The client must not give what its certificate does not say.
    http::remove_twins(request->headers, spec_->header_key);
    request->headers.remove(spec_->header_key);
    const net::PeerCertificates::Certificate* certificate = chosen(exchange.certificates.get());
    if (certificate == nullptr) co_return "";
    const auto& name = spec_->target == "subject" ? certificate->subject : certificate->issuer;
    for (const auto& [field, value] : name) {
      if (field == field_ && !value.empty() && http::is_exact_value(value))
        request->headers.add(spec_->header_key, value);
    }
    co_return "";
  }

 private:
  [[nodiscard]] const net::PeerCertificates::Certificate* chosen(
      const net::PeerCertificates* shown) const {
    if (shown == nullptr) return nullptr;
    const auto size = static_cast<std::int64_t>(shown->chain.size());
    const std::int64_t index = spec_->cert_index < 0 ? size + spec_->cert_index : spec_->cert_index;
    const bool there = index >= 0 && index < size;
    return there ? &shown->chain[static_cast<std::size_t>(index)] : nullptr;
  }

  std::shared_ptr<const CertExtractorSpec> spec_;
  NameField field_;
};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_cert_extractor_kind() {
  return std::make_unique<pipeline::SimpleKind<CertExtractorSpec, CertExtractor>>();
}

}  // namespace sluice::filters
