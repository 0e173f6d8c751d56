// SPDX-License-Identifier: Apache-2.0
#include "filters/signer/spec.h"

#include <algorithm>
#include <utility>

#include "http/headers.h"

namespace sluice::filters {
namespace {

// A part of a credential or of its scope stands between slashes and commas.
bool is_part(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > ' ' && c < 0x7f && c != '/' && c != ',';
  });
}

}  // namespace

SignatureLiterals SignatureLiterals::aws4() {
  SignatureLiterals aws;
  aws.scope_suffix = "aws4_request";
  aws.algorithm_name = "X-Amz-Algorithm";
  aws.algorithm_value = "AWS4-HMAC-SHA256";
  aws.signed_headers = "X-Amz-SignedHeaders";
  aws.signature = "X-Amz-Signature";
  aws.date = "X-Amz-Date";
  aws.expires = "X-Amz-Expires";
  aws.credential = "X-Amz-Credential";
  aws.content_sha256 = "X-Amz-Content-Sha256";
  aws.signing_key_prefix = "AWS4";
  return aws;
}

void SignatureLiterals::validate(const std::string& path, config::Faults& faults) const {
  for (const auto& [name, value] :
       {std::pair("algorithmName", &algorithm_name), std::pair("signedHeaders", &signed_headers),
        std::pair("signature", &signature), std::pair("date", &date),
        std::pair("expires", &expires), std::pair("credential", &credential),
        std::pair("contentSha256", &content_sha256)}) {
    if (!http::is_token(*value))
      faults.add(config::join_path(path, name), config::quote(*value) + " is not a header name");
  }
  for (const auto& [name, value] :
       {std::pair("scopeSuffix", &scope_suffix), std::pair("algorithmValue", &algorithm_value)}) {
    if (!is_part(*value))
      faults.add(config::join_path(path, name), "has a blank, a slash or a comma, or is empty");
  }
}

void SignatureSpec::validate(const std::string& path, config::Faults& faults) const {
  if (access_key_id.empty() != access_key_secret.empty()) {
    faults.add(config::join_path(path, access_key_id.empty() ? "accessKeyId" : "accessKeySecret"),
               "is needed, the other of the pair is there");
  }
  if (!access_key_id.empty() && !is_part(access_key_id))
    faults.add(config::join_path(path, "accessKeyId"), "has a blank, a slash or a comma");
  for (const auto& [id, secret] : access_keys) {
    const std::string where = config::join_path(config::join_path(path, "accessKeys"), id);
    if (!is_part(id)) faults.add(where, "the id has a blank, a slash or a comma, or is empty");
    if (secret.empty()) faults.add(where, "has no secret");
  }
  for (const std::string& name : ignored_headers) {
    if (!http::is_token(name))
      faults.add(config::join_path(path, "ignoredHeaders"),
                 config::quote(name) + " is not a header name");
  }
}

}  // namespace sluice::filters
