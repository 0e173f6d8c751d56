// SPDX-License-Identifier: Apache-2.0
// The fields of a signature over a request: AWS Signature Version 4, with names of one's own.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/fields.h"

namespace sluice::filters {

// The texts in which two parties must agree.
struct SignatureLiterals {
  std::string scope_suffix = "request";
  std::string algorithm_name = "X-Algorithm";
  std::string algorithm_value = "HMAC-SHA256";
  std::string signed_headers = "X-SignedHeaders";
  std::string signature = "X-Signature";
  std::string date = "X-Date";
  std::string expires = "X-Expires";
  std::string credential = "X-Credential";
  std::string content_sha256 = "X-Content-Sha256";
  std::string signing_key_prefix;

  // The texts of Amazon Web Services.
  [[nodiscard]] static SignatureLiterals aws4();

  void fields(auto& visit) {
    visit("scopeSuffix", scope_suffix, {.doc = "the last part of a credential's scope"});
    visit("algorithmName", algorithm_name, {.doc = "parameter that names the algorithm"});
    visit("algorithmValue", algorithm_value, {.doc = "the name of the algorithm"});
    visit("signedHeaders", signed_headers, {.doc = "parameter with the names of signed headers"});
    visit("signature", signature, {.doc = "parameter with the signature"});
    visit("date", date, {.doc = "header or parameter with the time of signing"});
    visit("expires", expires, {.doc = "parameter with the seconds for which a URL is valid"});
    visit("credential", credential, {.doc = "parameter with key and scope"});
    visit("contentSha256", content_sha256, {.doc = "header with the hash of the body"});
    visit("signingKeyPrefix", signing_key_prefix, {.doc = "stands before the secret"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

struct SignatureSpec {
  std::map<std::string, std::string> access_keys;
  std::string access_key_id;
  std::string access_key_secret;
  bool exclude_body = false;
  Duration ttl{};
  std::vector<std::string> ignored_headers;
  SignatureLiterals literal;

  // Those of a verifier.
  void fields(auto& visit) {
    visit("accessKeys", access_keys, {.secret = true, .doc = "id -> secret, of those who sign"});
    visit_pair(visit);
    visit("ttl", ttl,
          {.min = 0,
           .doc = "how old or early a signature may be; 0: any age, so it can be sent "
                  "again for ever"});
    visit.note("ignoredHeaders", "a signature says itself which headers it covers");
    visit_form(visit);
  }
  // Those of a signer.
  void visit_signer(auto& visit) {
    visit_pair(visit);
    visit("ignoredHeaders", ignored_headers,
          {.unique = true, .doc = "headers that the signature does not cover"});
    visit.note("accessKeys", "accessKeyId signs");
    visit.note("ttl", "the verifier decides how long a signature counts");
    visit_form(visit);
  }
  void validate(const std::string& path, config::Faults& faults) const;

  // What both have.
  void visit_pair(auto& visit) {
    visit("accessKeyId", access_key_id, {.doc = "an id"});
    visit("accessKeySecret", access_key_secret, {.secret = true, .doc = "its secret"});
  }
  void visit_form(auto& visit) {
    visit("excludeBody", exclude_body, {.doc = "the signature does not cover the body"});
    visit.note("headerHoisting", "no signed URL is made, and a verifier reads one as it is");
    visit("literal", literal, {.doc = "the texts in which signer and verifier must agree"});
  }
};

}  // namespace sluice::filters
