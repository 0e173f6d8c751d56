// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/jwt_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/deleter.h"
#include "base/encoding.h"

namespace sluice::filters {
namespace {

using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, Deleter<OSSL_PARAM_free>>;
using ParamBuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, Deleter<OSSL_PARAM_BLD_free>>;
using SignaturePtr = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;
using KeyPtr = std::shared_ptr<EVP_PKEY>;

constexpr int kRsaBitsMin = 2048;
constexpr int kRsaBitsMax = 8192;  // a larger one costs a core milliseconds for each token
constexpr std::size_t kExponentBytesMax = 8;

constexpr std::array kAlgorithms{
    JwtAlgorithm{"HS256", JwtFamily::hmac, "SHA256", nullptr, 0},
    JwtAlgorithm{"HS384", JwtFamily::hmac, "SHA384", nullptr, 0},
    JwtAlgorithm{"HS512", JwtFamily::hmac, "SHA512", nullptr, 0},
    JwtAlgorithm{"RS256", JwtFamily::rsa, "SHA256", nullptr, 0},
    JwtAlgorithm{"RS384", JwtFamily::rsa, "SHA384", nullptr, 0},
    JwtAlgorithm{"RS512", JwtFamily::rsa, "SHA512", nullptr, 0},
    JwtAlgorithm{"PS256", JwtFamily::rsa_pss, "SHA256", nullptr, 0},
    JwtAlgorithm{"PS384", JwtFamily::rsa_pss, "SHA384", nullptr, 0},
    JwtAlgorithm{"PS512", JwtFamily::rsa_pss, "SHA512", nullptr, 0},
    JwtAlgorithm{"ES256", JwtFamily::ecdsa, "SHA256", "prime256v1", 32},
    JwtAlgorithm{"ES384", JwtFamily::ecdsa, "SHA384", "secp384r1", 48},
    JwtAlgorithm{"ES512", JwtFamily::ecdsa, "SHA512", "secp521r1", 66},
    JwtAlgorithm{"EdDSA", JwtFamily::eddsa, nullptr, nullptr, 0},
};

const unsigned char* octets(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// OpenSSL's errors belong to the thread. The TLS code of a core must not find them.
struct ErrorsCleared {
  ~ErrorsCleared() { ERR_clear_error(); }
};

KeyPtr own(EVP_PKEY* key) { return key != nullptr ? KeyPtr(key, EVP_PKEY_free) : nullptr; }

std::string curve_of(const EVP_PKEY* key) {
  std::array<char, 80> name{};
  std::size_t size = 0;
  if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size(),
                                     &size) != 1)
    return "";
  return {name.data(), size};
}

std::string kind_of(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) return "an RSA key";
  if (EVP_PKEY_is_a(key, "RSA-PSS") == 1) return "an RSA-PSS key";
  if (EVP_PKEY_is_a(key, "EC") == 1) return "an EC key of curve " + curve_of(key);
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return "an Ed25519 key";
  return "a key of another kind";
}

std::string_view wanted_by(const JwtAlgorithm& algorithm) {
  switch (algorithm.family) {
    case JwtFamily::hmac:
      return "a secret";
    case JwtFamily::rsa:
    case JwtFamily::rsa_pss:
      return "an RSA key";
    case JwtFamily::ecdsa:
      return "an EC key";
    case JwtFamily::eddsa:
      return "an Ed25519 key";
  }
  return "";
}

bool fits(const JwtAlgorithm& algorithm, const EVP_PKEY* key) {
  switch (algorithm.family) {
    case JwtFamily::hmac:
      return false;
    case JwtFamily::rsa:
    case JwtFamily::rsa_pss:
      return EVP_PKEY_is_a(key, "RSA") == 1;
    case JwtFamily::ecdsa:
      return EVP_PKEY_is_a(key, "EC") == 1 && curve_of(key) == algorithm.curve;
    case JwtFamily::eddsa:
      return EVP_PKEY_is_a(key, "ED25519") == 1;
  }
  return false;
}

// "" if the size of the key is right.
std::string_view fault_of_size(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") != 1) return "";
  const int bits = EVP_PKEY_get_bits(key);
  if (bits < kRsaBitsMin) return "is an RSA key of less than 2048 bits";
  if (bits > kRsaBitsMax) return "is an RSA key of more than 8192 bits";
  return "";
}

std::string text_of(const Json& jwk, const char* name) {
  const auto found = jwk.find(name);
  return found != jwk.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string bytes_of(const Json& jwk, const char* name) {
  return base64url_decode(text_of(jwk, name)).value_or("");
}

KeyPtr from_params(const char* kind, const ParamsPtr& params) {
  const KeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  if (!context || !params || EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return nullptr;
  return own(key);
}

NumberPtr number_of(const std::string& bytes) {
  return NumberPtr(BN_bin2bn(octets(bytes), static_cast<int>(bytes.size()), nullptr));
}

KeyPtr rsa_of(const Json& jwk) {
  const std::string n = bytes_of(jwk, "n");
  const std::string e = bytes_of(jwk, "e");
  if (n.empty() || n.size() > kRsaBitsMax / 8 || e.empty() || e.size() > kExponentBytesMax)
    return nullptr;
  const NumberPtr modulus = number_of(n);
  const NumberPtr exponent = number_of(e);
  // With an exponent of 1, anybody can sign.
  if (BN_is_odd(exponent.get()) == 0 || BN_is_one(exponent.get()) == 1) return nullptr;
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  return from_params("RSA", ParamsPtr(OSSL_PARAM_BLD_to_param(builder.get())));
}

const JwtAlgorithm* algorithm_of_curve(std::string_view curve) {
  if (curve == "P-256") return jwt_algorithm("ES256");
  if (curve == "P-384") return jwt_algorithm("ES384");
  return curve == "P-521" ? jwt_algorithm("ES512") : nullptr;
}

KeyPtr ec_of(const Json& jwk) {
  const JwtAlgorithm* algorithm = algorithm_of_curve(text_of(jwk, "crv"));
  if (algorithm == nullptr) return nullptr;
  const std::string x = bytes_of(jwk, "x");
  const std::string y = bytes_of(jwk, "y");
  if (x.size() != algorithm->number_bytes || y.size() != algorithm->number_bytes) return nullptr;
  const std::string point = "\x04" + x + y;
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, algorithm->curve, 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  return from_params("EC", ParamsPtr(OSSL_PARAM_BLD_to_param(builder.get())));
}

KeyPtr ed25519_of(const Json& jwk) {
  const std::string x = bytes_of(jwk, "x");
  if (text_of(jwk, "crv") != "Ed25519" || x.size() != 32) return nullptr;
  return own(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets(x), x.size()));
}

KeyPtr key_of(const Json& jwk) {
  const std::string kind = text_of(jwk, "kty");
  if (kind == "RSA") return rsa_of(jwk);
  if (kind == "EC") return ec_of(jwk);
  return kind == "OKP" ? ed25519_of(jwk) : nullptr;
}

bool is_for_signatures(const Json& jwk) {
  if (jwk.contains("use") && text_of(jwk, "use") != "sig") return false;
  const auto uses = jwk.find("key_ops");
  if (uses == jwk.end()) return true;
  return uses->is_array() && std::ranges::find(*uses, Json("verify")) != uses->end();
}

// A signature of a token is two numbers of fixed size, one of OpenSSL is DER. "": it has another
// size.
std::string to_der(std::string_view signature, std::size_t number_bytes) {
  if (signature.size() != 2 * number_bytes) return "";
  const SignaturePtr parts(ECDSA_SIG_new());
  NumberPtr r = number_of(std::string(signature.substr(0, number_bytes)));
  NumberPtr s = number_of(std::string(signature.substr(number_bytes)));
  if (!parts || !r || !s || ECDSA_SIG_set0(parts.get(), r.get(), s.get()) != 1) return "";
  (void)r.release();
  (void)s.release();
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(parts.get(), &der);
  if (size <= 0) return "";
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

bool use_pss(EVP_PKEY_CTX* context) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

std::string hmac(const JwtAlgorithm& algorithm, std::string_view key, std::string_view text) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  std::size_t size = 0;
  EVP_Q_mac(nullptr, "HMAC", nullptr, algorithm.digest, nullptr, key.data(), key.size(),
            octets(text), text.size(), reinterpret_cast<unsigned char*>(digest.data()),
            digest.size(), &size);
  digest.resize(size);
  return digest;
}

}  // namespace

const JwtAlgorithm* jwt_algorithm(std::string_view name) {
  const auto found = std::ranges::find(kAlgorithms, name, &JwtAlgorithm::name);
  return found != kAlgorithms.end() ? &*found : nullptr;
}

const std::vector<std::string_view>& jwt_algorithm_names() {
  static const std::vector<std::string_view> kNames = [] {
    std::vector<std::string_view> all;
    for (const JwtAlgorithm& algorithm : kAlgorithms) all.push_back(algorithm.name);
    return all;
  }();
  return kNames;
}

JwtKey JwtKey::of_secret(const JwtAlgorithm& algorithm, std::string secret) {
  JwtKey key(algorithm);
  key.secret_ = std::move(secret);
  return key;
}

Result<JwtKey> JwtKey::of_pem(const JwtAlgorithm& algorithm, const std::string& pem) {
  const ErrorsCleared cleared;
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  JwtKey key(algorithm);
  key.key_ = own(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  if (!key.key_) return fail(ErrorKind::invalid, "holds no public key in PEM (PKIX)");
  if (!fits(algorithm, key.key_.get())) {
    return fail(
        ErrorKind::invalid,
        "is " + kind_of(key.key_.get()) + ", and " + std::string(algorithm.name) + " needs " +
            std::string(wanted_by(algorithm)) +
            (algorithm.curve != nullptr ? std::string(" of curve ") + algorithm.curve : ""));
  }
  const std::string_view fault = fault_of_size(key.key_.get());
  if (!fault.empty()) return fail(ErrorKind::invalid, std::string(fault));
  if (algorithm.digest != nullptr)
    key.digest_ = {EVP_MD_fetch(nullptr, algorithm.digest, nullptr), EVP_MD_free};
  return key;
}

std::vector<JwtKey> JwtKey::of_jwk(const Json& jwk,
                                   const std::vector<const JwtAlgorithm*>& allowed) {
  const ErrorsCleared cleared;
  std::vector<JwtKey> keys;
  if (!jwk.is_object() || !is_for_signatures(jwk)) return keys;
  const KeyPtr shared = key_of(jwk);
  if (!shared || !fault_of_size(shared.get()).empty()) return keys;
  for (const JwtAlgorithm* algorithm : allowed) {
    if (jwk.contains("alg") && text_of(jwk, "alg") != algorithm->name) continue;
    if (!fits(*algorithm, shared.get())) continue;
    JwtKey& key = keys.emplace_back(JwtKey(*algorithm));
    key.id_ = text_of(jwk, "kid");
    key.key_ = shared;
    if (algorithm->digest != nullptr)
      key.digest_ = {EVP_MD_fetch(nullptr, algorithm->digest, nullptr), EVP_MD_free};
  }
  return keys;
}

bool JwtKey::verify(std::string_view text, std::string_view signature) const {
  if (algorithm_->family == JwtFamily::hmac)
    return equal_in_constant_time(hmac(*algorithm_, secret_, text), signature);
  const ErrorsCleared cleared;
  if (algorithm_->family != JwtFamily::ecdsa) return verify_public(text, signature);
  const std::string der = to_der(signature, algorithm_->number_bytes);
  return !der.empty() && verify_public(text, der);
}

bool JwtKey::verify_public(std::string_view text, std::string_view signature) const {
  const DigestContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  if (!context ||
      EVP_DigestVerifyInit(context.get(), &key_context, digest_.get(), nullptr, key_.get()) != 1)
    return false;
  if (algorithm_->family == JwtFamily::rsa_pss && !use_pss(key_context)) return false;
  return EVP_DigestVerify(context.get(), octets(signature), signature.size(), octets(text),
                          text.size()) == 1;
}

}  // namespace sluice::filters
