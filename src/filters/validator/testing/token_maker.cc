// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/testing/token_maker.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <nlohmann/json.hpp>

#include "base/assert.h"
#include "base/deleter.h"
#include "base/encoding.h"
#include "filters/validator/jwt_key.h"

namespace sluice::filters {
namespace {

using MakerContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using MakerBio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using MakerNumber = std::unique_ptr<BIGNUM, Deleter<BN_free>>;

EVP_PKEY* make_key(const std::string& kind) {
  if (kind == "RSA") return EVP_RSA_gen(2048);
  if (kind == "RSA-1024") return EVP_RSA_gen(1024);
  if (kind == "Ed25519") return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  return EVP_EC_gen(kind.c_str());
}

std::string parameter(const EVP_PKEY* key, const char* name, std::size_t size = 0) {
  BIGNUM* number = nullptr;
  SLUICE_ASSERT(EVP_PKEY_get_bn_param(key, name, &number) == 1, "the key has this number");
  const MakerNumber owned(number);
  if (size == 0) size = static_cast<std::size_t>(BN_num_bytes(number));
  std::string bytes(size, '\0');
  BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size));
  return base64url_encode(bytes);
}

// Two numbers of fixed size.
std::string raw_of(const std::string& der, std::size_t number_bytes) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* parts = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
  std::string raw(2 * number_bytes, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(parts), out, static_cast<int>(number_bytes));
  BN_bn2binpad(ECDSA_SIG_get0_s(parts), out + number_bytes, static_cast<int>(number_bytes));
  ECDSA_SIG_free(parts);
  return raw;
}

}  // namespace

EVP_PKEY* TokenMaker::key(const std::string& kind) {
  auto& slot = keys_[kind];
  if (!slot) slot = std::shared_ptr<EVP_PKEY>(make_key(kind), EVP_PKEY_free);
  SLUICE_ASSERT(slot, "OpenSSL makes a key of this kind");
  return slot.get();
}

std::string TokenMaker::pem(const std::string& kind) {
  const MakerBio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(bio.get(), key(kind));
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

Json TokenMaker::jwk(const std::string& kind) {
  const EVP_PKEY* it = key(kind);
  if (kind.starts_with("RSA")) {
    return {{"kty", "RSA"},
            {"n", parameter(it, OSSL_PKEY_PARAM_RSA_N)},
            {"e", parameter(it, OSSL_PKEY_PARAM_RSA_E)}};
  }
  if (kind == "Ed25519") {
    std::string x(32, '\0');
    std::size_t size = x.size();
    EVP_PKEY_get_raw_public_key(it, reinterpret_cast<unsigned char*>(x.data()), &size);
    return {{"kty", "OKP"}, {"crv", kind}, {"x", base64url_encode(x)}};
  }
  const std::size_t size = kind == "P-256" ? 32 : kind == "P-384" ? 48 : 66;
  return {{"kty", "EC"},
          {"crv", kind},
          {"x", parameter(it, OSSL_PKEY_PARAM_EC_PUB_X, size)},
          {"y", parameter(it, OSSL_PKEY_PARAM_EC_PUB_Y, size)}};
}

std::string TokenMaker::sign(std::string_view algorithm, const std::string& its_key,
                             std::string_view text) {
  const JwtAlgorithm* known = jwt_algorithm(algorithm);
  if (known == nullptr) return "";
  std::string out(1024, '\0');
  auto* bytes = reinterpret_cast<unsigned char*>(out.data());
  const auto* input = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = out.size();
  if (known->family == JwtFamily::hmac) {
    EVP_Q_mac(nullptr, "HMAC", nullptr, known->digest, nullptr, its_key.data(), its_key.size(),
              input, text.size(), bytes, out.size(), &size);
    return out.substr(0, size);
  }
  const MakerContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  EVP_DigestSignInit_ex(context.get(), &key_context, known->digest, nullptr, nullptr, key(its_key),
                        nullptr);
  if (known->family == JwtFamily::rsa_pss) {
    EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_DIGEST);
  }
  SLUICE_ASSERT(EVP_DigestSign(context.get(), bytes, &size, input, text.size()) == 1,
                "the key signs");
  out.resize(size);
  return known->family == JwtFamily::ecdsa ? raw_of(out, known->number_bytes) : out;
}

std::string TokenMaker::token(std::string_view header, std::string_view payload,
                              std::string_view algorithm, const std::string& its_key) {
  const std::string text = base64url_encode(header) + "." + base64url_encode(payload);
  return text + "." + base64url_encode(sign(algorithm, its_key, text));
}

std::string TokenMaker::token(std::string_view payload, std::string_view algorithm,
                              const std::string& its_key) {
  return token(R"({"alg":")" + std::string(algorithm) + R"(","typ":"JWT"})", payload, algorithm,
               its_key);
}

}  // namespace sluice::filters
