// SPDX-License-Identifier: Apache-2.0
// ValidatorModel: what a Validator checks, built from its spec once for all cores. Immutable but
// for the documents that are read again.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backend/side_client.h"
#include "filters/signer/verifier.h"
#include "filters/string_matcher.h"
#include "filters/validator/costliest_hash.h"
#include "filters/validator/htpasswd.h"
#include "filters/validator/jwt.h"
#include "filters/validator/kept_document.h"
#include "filters/validator/spec.h"
#include "http/field_twins.h"
#include "net/tls/certificate_end.h"
#include "pipeline/filter.h"

namespace sluice::filters {

// A file of users, and the texts about the lines that were left out.
struct UserFile {
  HtpasswdTable table;
  std::vector<std::string> left_out;
};

struct HeaderRule {
  std::string name;
  std::vector<std::string> values;
  std::optional<StringMatcher> regexp;

  // Every value must fit, because the client chooses their number and order.
  [[nodiscard]] bool holds_for(const http::Headers& headers) const;
};

struct ValidatorModel {
  ValidatorSpec spec;
  DocumentServices services;
  // For passwords alone: a flood of them keeps nobody from reading files.
  std::shared_ptr<loop::BlockingPool> hashing;
  std::vector<HeaderRule> headers;
  // The headers that the filter sets. Those of the client are removed.
  std::vector<std::string> own_headers;
  http::FieldTwins twins;  // of the headers that it sets or checks
  JwtRules jwt_rules;
  std::shared_ptr<Followed<KeySet>> jwt_keys;
  std::shared_ptr<KeptDocument<KeySet>> jwks;  // null: the key is in the spec
  std::optional<SignatureVerifier> signature;
  std::shared_ptr<Followed<KeySet>> oauth2_keys;             // null: a service is asked
  std::shared_ptr<const backend::SideService> introspector;  // null: none is
  std::shared_ptr<KeptDocument<UserFile>> users;             // of mode FILE
  // Of mode ETCD.
  std::shared_ptr<CostliestHash> costliest = std::make_shared<CostliestHash>();
  net::CertificateEnds certificates;

  // The documents: when they were read, and why not. Null: there is none.
  [[nodiscard]] Json status() const;
  // Why nobody passes: a document has never been read. "": somebody may.
  [[nodiscard]] std::string why_nobody_passes() const;
};

// Incomplete if faults were added. Blocks: waits for the first read of the documents.
[[nodiscard]] ValidatorModel build_model(ValidatorSpec spec, const DocumentServices& services,
                                         std::shared_ptr<loop::BlockingPool> hashing,
                                         const pipeline::FilterContext& context,
                                         config::Faults& faults);

}  // namespace sluice::filters
