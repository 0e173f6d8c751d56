// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/fields.h"
#include "filters/signer/spec.h"
#include "filters/validator/key_set.h"
#include "pipeline/filter.h"

namespace sluice::filters {

struct HeaderRuleSpec {
  std::vector<std::string> values;
  std::string regexp;

  void fields(auto& visit) {
    visit("values", values,
          {.doc = "texts of which a value must be one. `\"\"` also admits a request without the "
                  "header"});
    visit(
        "regexp", regexp,
        {.doc =
             "RE2 expression that is found in a value. A value passes by `values` or by `regexp`"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

// A key of the spec.
struct JwtKeySpec {
  std::string algorithm;
  std::string secret;
  std::string public_key;

  void fields(auto& visit) {
    visit("algorithm", algorithm,
          {.one_of = jwt_algorithm_names(),
           .doc = "the only algorithm that a token may have. Required without `jwks`"});
    visit("secret", secret,
          {.secret = true,
           .doc = "of HS256, HS384 and HS512: the secret in hex. It should have 32 bytes or more"});
    visit("publicKey", public_key,
          {.doc = "of the other algorithms: a public key in PEM (`BEGIN PUBLIC KEY`), or that text "
                  "in hex. An RSA key has 2048 to 8192 bits"});
  }
  void check(const std::string& path, config::Faults& faults) const;
  // Requires: check() has found no fault.
  [[nodiscard]] KeySet make() const;
};

struct JwksSpec {
  std::string url;
  Duration refresh = std::chrono::minutes(5);
  Duration timeout = std::chrono::seconds(3);
  std::string ca_file;
  std::vector<std::string> algorithms;

  void fields(auto& visit) {
    visit("url", url,
          {.required = true,
           .format = config::Format::url,
           .doc = "of a key set (RFC 7517). Redirects are not followed"});
    visit("refresh", refresh,
          {.min = Duration(std::chrono::seconds(1)).count(), .doc = "how often it is read"});
    visit("timeout", timeout,
          {.min = Duration(std::chrono::milliseconds(1)).count(),
           .max = Duration(std::chrono::minutes(1)).count(),
           .doc = "of one read"});
    visit("caFile", ca_file,
          {.doc = "authorities (PEM) that the certificate of the URL must come from; none: those "
                  "of the system"});
    visit("algorithms", algorithms,
          {.one_of = jwt_algorithm_names(),
           .unique = true,
           .doc = "of keys that name no algorithm; none given: all for which the key is made"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
  [[nodiscard]] std::vector<const JwtAlgorithm*> allowed() const;
};

struct JwtSpec {
  JwtKeySpec key;
  std::optional<JwksSpec> jwks;
  std::string cookie_name;
  std::string issuer;
  std::vector<std::string> audience;
  Duration leeway{};
  std::vector<std::string> required_claims;
  std::map<std::string, std::string> claims_to_headers;

  void fields(auto& visit) {
    key.fields(visit);
    visit("jwks", jwks, {.doc = "the keys come from a URL"});
    visit("cookieName", cookie_name,
          {.doc = "the cookie with the token. If it is absent or empty, the token of "
                  "`Authorization: Bearer` counts"});
    visit("issuer", issuer, {.doc = "the claim `iss` must be this text; none: any"});
    visit(
        "audience", audience,
        {.unique = true,
         .doc =
             "the claim `aud` must be one of these texts, or a list with one of them; none: any"});
    visit("leeway", leeway,
          {.min = 0,
           .max = Duration(std::chrono::hours(1)).count(),
           .doc = "time by which the clocks of others may differ"});
    visit("requiredClaims", required_claims,
          {.unique = true, .doc = "claims that a token must have"});
    visit(
        "claimsToHeaders", claims_to_headers,
        {.doc = "claim -> header of the request that gets its value. A list of texts is joined by "
                "spaces. The client's own header of that name is removed, even without the claim"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

struct TokenIntrospectSpec {
  std::string end_point;
  std::string client_id;
  std::string client_secret;
  std::string basic_auth;
  bool insecure_tls = false;
  Duration timeout = std::chrono::seconds(3);
  Duration cache_for{};

  void fields(auto& visit) {
    visit("endPoint", end_point,
          {.required = true,
           .format = config::Format::url,
           .doc = "URL of the service (RFC 7662). Only status 200 and `\"active\": true` let a "
                  "request pass, and `exp` and `nbf` if they are there: numbers or null"});
    visit("clientId", client_id, {.doc = "of the gateway, at that service"});
    visit("clientSecret", client_secret, {.secret = true, .doc = "likewise"});
    visit("basicAuth", basic_auth,
          {.secret = true, .doc = "what stands after `Basic ` in Authorization: base64"});
    visit("insecureTls", insecure_tls, {.doc = "accept any certificate of the service"});
    visit("timeout", timeout,
          {.min = Duration(std::chrono::milliseconds(1)).count(),
           .max = Duration(std::chrono::minutes(1)).count(),
           .doc = "of one question. No answer is a refusal"});
    visit(
        "cacheFor", cache_for,
        {.min = 0,
         .max = Duration(std::chrono::minutes(1)).count(),
         .doc =
             "how long a good answer holds on a core, at most until `exp`; 0: each request asks"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

struct OAuth2JwtSpec {
  JwtKeySpec key;
  void fields(auto& visit) { key.fields(visit); }
  void validate(const std::string& path, config::Faults& faults) const { key.check(path, faults); }
};

struct OAuth2Spec {
  std::optional<TokenIntrospectSpec> token_introspect;
  std::optional<OAuth2JwtSpec> jwt;

  void fields(auto& visit) {
    visit("tokenIntrospect", token_introspect, {.doc = "a service says whether a token is good"});
    visit("jwt", jwt, {.doc = "tokens that the gateway can check itself"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

struct BasicAuthSpec {
  std::string mode;
  std::string user_file = "/etc/apache2/.htpasswd";
  std::string etcd_prefix = "credentials/";
  std::string realm = "restricted";

  void fields(auto& visit) {
    visit("mode", mode,
          {.required = true,
           .one_of = {"FILE", "ETCD"},
           .absent = {{"LDAP",
                       "take FILE or ETCD, or ask LDAP at a service, with "
                       "oauth2.tokenIntrospect or RemoteFilter"}},
           .doc = "`FILE`: in `userFile`. `ETCD`: in custom data. `LDAP` is not there"});
    visit("userFile", user_file,
          {.doc = "made by `htpasswd`. It is read again within a second of a change"});
    visit("etcdPrefix", etcd_prefix,
          {.doc = "the kind of custom data. The id of an item is the name of the user, and its "
                  "member `password` the hash"});
    visit("realm", realm, {.doc = "what a browser shows"});
  }
  // Of mode ETCD: the kind of the custom data.
  [[nodiscard]] std::string custom_kind() const;
  void validate(const std::string& path, config::Faults& faults) const;
};

struct ValidatorSpec {
  pipeline::FilterMeta meta;
  std::map<std::string, HeaderRuleSpec> headers;
  std::optional<JwtSpec> jwt;
  std::optional<SignatureSpec> signature;
  std::optional<OAuth2Spec> oauth2;
  std::optional<BasicAuthSpec> basic_auth;

  void fields(auto& visit) {
    meta.fields(visit);
    visit("headers", headers, {.doc = "header -> what its values must be"});
    visit("jwt", jwt, {.doc = "the request needs a JSON Web Token"});
    visit("signature", signature, {.doc = "the request needs a signature"});
    visit("oauth2", oauth2, {.doc = "the request needs an access token"});
    visit("basicAuth", basic_auth, {.doc = "the request needs name and password"});
  }
  void validate(const std::string& path, config::Faults& faults) const;
};

}  // namespace sluice::filters
