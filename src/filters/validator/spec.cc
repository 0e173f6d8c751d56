// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/spec.h"

#include <algorithm>

#include "base/text.h"
#include "http/field_kind.h"
#include "http/headers.h"

namespace sluice::filters {
namespace {

using config::join_path;

constexpr std::size_t kGoodSecretBytes = 32;  // RFC 7518 section 3.2

// PEM as it is, or in hex; "" if `text` is neither.
std::string pem_in(const std::string& text) {
  if (text.contains("-----BEGIN ")) return text;
  return hex_decode(text).value_or("");
}

bool is_symmetric(std::string_view algorithm) { return algorithm.starts_with("HS"); }

void check_secret(const std::string& secret, const std::string& path, config::Faults& faults) {
  if (secret.empty()) return faults.add(path, "is required for this algorithm");
  if (secret.size() % 2 != 0) return faults.add(path, "has an odd number of hex digits");
  if (!hex_decode(secret)) return faults.add(path, "is not hex");
  if (secret.size() / 2 < kGoodSecretBytes)
    faults.warn(path, "is shorter than 32 bytes, so it may be guessed");
}

}  // namespace

void HeaderRuleSpec::validate(const std::string& path, config::Faults& faults) const {
  if (values.empty() && regexp.empty()) faults.add(path, "needs values or regexp");
}

void JwtKeySpec::check(const std::string& path, config::Faults& faults) const {
  if (algorithm.empty()) return faults.add(join_path(path, "algorithm"), "is required");
  if (is_symmetric(algorithm)) {
    if (!public_key.empty()) {
      return faults.add(join_path(path, "publicKey"),
                        "is of no use for " + algorithm + ", which needs a secret");
    }
    return check_secret(secret, join_path(path, "secret"), faults);
  }
  if (!secret.empty()) {
    return faults.add(join_path(path, "secret"),
                      "is of no use for " + algorithm + ", which needs a publicKey");
  }
  const std::string where = join_path(path, "publicKey");
  if (public_key.empty()) return faults.add(where, "is required for this algorithm");
  const std::string pem = pem_in(public_key);
  if (pem.empty()) return faults.add(where, "is neither PEM nor PEM in hex");
  const auto key = JwtKey::of_pem(*jwt_algorithm(algorithm), pem);
  if (!key) faults.add(where, key.error().message);
}

KeySet JwtKeySpec::make() const {
  const JwtAlgorithm& known = *jwt_algorithm(algorithm);
  if (is_symmetric(algorithm)) return KeySet(JwtKey::of_secret(known, *hex_decode(secret)));
  return KeySet(*JwtKey::of_pem(known, pem_in(public_key)));
}

void JwksSpec::validate(const std::string& path, config::Faults& faults) const {
  if (std::ranges::any_of(algorithms, is_symmetric))
    faults.add(join_path(path, "algorithms"),
               "names a symmetric algorithm, and the keys of a URL "
               "are known to everybody");
}

std::vector<const JwtAlgorithm*> JwksSpec::allowed() const {
  std::vector<const JwtAlgorithm*> all;
  for (const std::string_view name : jwt_algorithm_names()) {
    if (is_symmetric(name)) continue;
    const bool named = std::ranges::find(algorithms, name) != algorithms.end();
    if (algorithms.empty() || named) all.push_back(jwt_algorithm(name));
  }
  return all;
}

void JwtSpec::validate(const std::string& path, config::Faults& faults) const {
  if (!jwks) {
    key.check(path, faults);
  } else {
    for (const auto& [name, text] :
         {std::pair("secret", &key.secret), std::pair("publicKey", &key.public_key)}) {
      if (!text->empty()) faults.add(join_path(path, name), "stands beside jwks: leave one out");
    }
    if (!key.algorithm.empty())
      faults.add(join_path(path, "algorithm"), "stands beside jwks: use jwks.algorithms");
  }
  if (!cookie_name.empty() && !http::is_token(cookie_name))
    faults.add(join_path(path, "cookieName"), "is no name of a cookie");
  for (const auto& [claim, header] : claims_to_headers) {
    const std::string where = join_path(join_path(path, "claimsToHeaders"), claim);
    if (!http::is_token(header)) {
      faults.add(where, config::quote(header) + " is not a header name");
    } else if (http::field_kind(header) != http::FieldKind::other) {
      faults.add(where, config::quote(header) + " belongs to the connection");
    }
  }
}

void TokenIntrospectSpec::validate(const std::string& path, config::Faults& faults) const {
  if (client_id.empty() && !client_secret.empty())
    faults.add(join_path(path, "clientId"), "is needed, there is a clientSecret");
  if (!http::is_field_value(basic_auth))
    faults.add(join_path(path, "basicAuth"), "has a control character");
  if (insecure_tls)
    faults.warn(join_path(path, "insecureTls"),
                "anybody between the gateway and the service can let everybody in");
}

void OAuth2Spec::validate(const std::string& path, config::Faults& faults) const {
  if (token_introspect.has_value() == jwt.has_value())
    faults.add(path, "needs one of tokenIntrospect and jwt");
}

std::string BasicAuthSpec::custom_kind() const {
  return etcd_prefix.substr(0, etcd_prefix.find_last_not_of('/') + 1);
}

void BasicAuthSpec::validate(const std::string& path, config::Faults& faults) const {
  if (mode == "FILE" && user_file.empty())
    faults.add(join_path(path, "userFile"), "is required for mode FILE");
  if (mode == "ETCD" && etcd_prefix.find_first_not_of('/') == std::string::npos)
    faults.add(join_path(path, "etcdPrefix"), "is required for mode ETCD");
  if (!http::is_field_value(realm) || realm.find_first_of("\"\\") != std::string::npos)
    faults.add(join_path(path, "realm"), "has a quote, a backslash or a control character");
}

void ValidatorSpec::validate(const std::string& path, config::Faults& faults) const {
  if (headers.empty() && !jwt && !signature && !oauth2 && !basic_auth) {
    faults.add(path, "checks nothing: give headers, jwt, signature, oauth2 or basicAuth");
  }
  for (const auto& [name, rule] : headers) {
    if (!http::is_token(name))
      faults.add(join_path(join_path(path, "headers"), name),
                 config::quote(name) + " is not a header name");
  }
  if (!signature) return;
  const std::string where = join_path(path, "signature");
  if (signature->access_keys.empty() && signature->access_key_id.empty())
    faults.add(join_path(where, "accessKeys"), "is required, or accessKeyId and accessKeySecret");
  if (signature->ttl == Duration::zero())
    faults.warn(join_path(where, "ttl"), "is 0: a signed request may be sent again for ever");
}

}  // namespace sluice::filters
