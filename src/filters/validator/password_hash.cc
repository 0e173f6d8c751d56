// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/password_hash.h"

#include <crypt.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "base/deleter.h"
#include "base/encoding.h"
#include "base/text.h"

namespace sluice::filters {
namespace {

using HashContextPtr = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;

constexpr std::string_view kHashCharacters =
    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kApr1 = "$apr1$";
constexpr std::string_view kSha1 = "{SHA}";
constexpr std::size_t kMd5Bytes = 16;
constexpr int kApr1Rounds = 1000;
constexpr std::size_t kApr1SaltMax = 8;

class Digest {
 public:
  explicit Digest(const EVP_MD* kind) : context_(EVP_MD_CTX_new()) {
    EVP_DigestInit_ex(context_.get(), kind, nullptr);
  }
  Digest& add(std::string_view bytes) {
    EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
    return *this;
  }
  [[nodiscard]] std::string finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    EVP_DigestFinal_ex(context_.get(), bytes.data(), &size);
    return {reinterpret_cast<const char*>(bytes.data()), size};
  }

 private:
  HashContextPtr context_;
};

// Six bits a character, the lowest first.
void append_bits(std::string& out, std::uint32_t value, int characters) {
  for (; characters > 0; --characters, value >>= 6) out += kHashCharacters[value & 0x3f];
}

std::string first_digest(std::string_view password, std::string_view salt) {
  const std::string inner = Digest(EVP_md5()).add(password).add(salt).add(password).finish();
  Digest digest(EVP_md5());
  digest.add(password).add(kApr1).add(salt);
  for (std::size_t left = password.size(); left > 0; left -= std::min(left, kMd5Bytes))
    digest.add(std::string_view(inner).substr(0, std::min(left, kMd5Bytes)));
  for (std::size_t bits = password.size(); bits > 0; bits >>= 1)
    digest.add((bits & 1) != 0 ? std::string_view("\0", 1) : password.substr(0, 1));
  return digest.finish();
}

// The algorithm of Apache's htpasswd, after Poul-Henning Kamp's.
std::string apr1(std::string_view password, std::string_view salt) {
  std::string sum = first_digest(password, salt);
  for (int round = 0; round < kApr1Rounds; ++round) {
    const bool odd = round % 2 != 0;
    Digest digest(EVP_md5());
    digest.add(odd ? password : std::string_view(sum));
    if (round % 3 != 0) digest.add(salt);
    if (round % 7 != 0) digest.add(password);
    digest.add(odd ? std::string_view(sum) : password);
    sum = digest.finish();
  }
  const auto at = [&sum](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(sum[i]));
  };
  std::string out = std::string(kApr1) + std::string(salt) + "$";
  for (std::size_t i = 0; i < 5; ++i) {
    const std::size_t last = i == 4 ? 5 : i + 12;
    append_bits(out, at(i) << 16 | at(i + 6) << 8 | at(last), 4);
  }
  append_bits(out, at(11), 2);
  return out;
}

std::string_view apr1_salt(std::string_view hash) {
  hash.remove_prefix(kApr1.size());
  return take_until(hash, '$').substr(0, kApr1SaltMax);
}

std::string sha1(std::string_view password) {
  return std::string(kSha1) + base64_encode(Digest(EVP_sha1()).add(password).finish());
}

bool is_bcrypt(std::string_view hash) {
  return hash.starts_with("$2y$") || hash.starts_with("$2a$") || hash.starts_with("$2b$");
}

constexpr std::size_t kBcryptCostAt = 4;  // of two digits, behind "$2y$"

int bcrypt_cost(std::string_view hash) {
  return to_number<int>(hash.substr(kBcryptCostAt, 2)).value_or(0);
}

bool is_sha_crypt(std::string_view hash) {
  return hash.starts_with("$5$") || hash.starts_with("$6$");
}

constexpr std::string_view kShaRounds = "rounds=";
constexpr std::size_t kShaRoundsAt = 3;  // behind "$6$"
constexpr std::uint32_t kShaRoundsDefault = 5000;
constexpr std::uint32_t kShaRoundsMin = 1000;  // crypt(3) makes no fewer

// Of a hash that names its rounds; nullopt: they are no number.
std::optional<std::uint32_t> named_rounds(std::string_view hash) {
  hash.remove_prefix(kShaRoundsAt + kShaRounds.size());
  return to_number<std::uint32_t>(take_until(hash, '$'));
}

bool names_rounds(std::string_view hash) {
  return hash.substr(kShaRoundsAt).starts_with(kShaRounds);
}

std::uint32_t sha_rounds(std::string_view hash) {
  if (!names_rounds(hash)) return kShaRoundsDefault;
  return std::max(named_rounds(hash).value_or(0), kShaRoundsMin);
}

std::string with_bcrypt_cost(std::string hash, int cost) {
  const std::string digits = (cost < 10 ? "0" : "") + std::to_string(cost);
  return hash.replace(kBcryptCostAt, digits.size(), digits);
}

std::string with_sha_rounds(const std::string& hash, std::uint32_t rounds) {
  std::string_view rest = std::string_view(hash).substr(kShaRoundsAt);
  if (names_rounds(hash)) (void)take_until(rest, '$');
  return hash.substr(0, kShaRoundsAt) + std::string(kShaRounds) + std::to_string(rounds) + "$" +
         std::string(rest);
}

std::string_view fault_of_bcrypt(std::string_view hash) {
  // crypt(3) refuses such a hash at once, which would tell whose it is.
  constexpr std::size_t kSaltAt = 7;
  const bool whole = hash.size() == 60 && hash[kSaltAt - 1] == '$' &&
                     hash.find_first_not_of(kHashCharacters, kSaltAt) == std::string_view::npos;
  if (!whole || bcrypt_cost(hash) < 4) return "is a broken bcrypt hash";
  return bcrypt_cost(hash) > kBcryptCostMax ? "is a bcrypt hash of a cost above 14" : "";
}

std::string_view fault_of_sha_crypt(std::string_view hash) {
  if (!names_rounds(hash)) return "";
  const auto rounds = named_rounds(hash);
  if (!rounds) return "is a broken hash";
  return *rounds > kShaRoundsMax ? "is a hash of more than 1,000,000 rounds" : "";
}

std::string by_library(const std::string& hash, const std::string& password) {
  const auto data = std::make_unique<crypt_data>();
  const char* out = ::crypt_r(password.c_str(), hash.c_str(), data.get());
  return out != nullptr && out[0] != '*' ? out : "";
}

}  // namespace

std::string_view fault_of_hash(std::string_view hash) {
  if (is_bcrypt(hash)) return fault_of_bcrypt(hash);
  if (is_sha_crypt(hash)) return fault_of_sha_crypt(hash);
  if (hash.starts_with(kApr1)) return apr1_salt(hash).empty() ? "is a broken hash" : "";
  if (hash.starts_with("$1$")) return "";
  if (hash.starts_with(kSha1)) return hash.size() == 33 ? "" : "is a broken hash";
  return "is no known hash: make it with htpasswd -B";
}

bool matches_hash(const std::string& hash, const std::string& password) {
  // The C library would see the part before a NUL.
  if (password.size() > kPasswordBytesMax || password.contains('\0')) return false;
  std::string own;
  if (hash.starts_with(kSha1)) {
    own = sha1(password);
  } else if (hash.starts_with(kApr1)) {
    own = apr1(password, apr1_salt(hash));
  } else {
    own = by_library(hash, password);
  }
  return !own.empty() && equal_in_constant_time(own, hash);
}

std::uint64_t work_of_hash(std::string_view hash) {
  constexpr std::uint64_t kBcryptRoundNs = 60'000;
  constexpr std::uint64_t kShaRoundNs = 500;
  constexpr std::uint64_t kMd5Ns = 300'000;
  if (is_bcrypt(hash)) return kBcryptRoundNs << bcrypt_cost(hash);
  if (is_sha_crypt(hash)) return kShaRoundNs * sha_rounds(hash);
  return hash.starts_with(kSha1) ? 1 : kMd5Ns;
}

std::vector<std::string> filling_hashes(std::string_view hash, const std::string& greatest) {
  std::vector<std::string> filling;
  if (greatest.empty()) return filling;
  if (hash.empty()) return {greatest};
  if (work_of_hash(hash) >= work_of_hash(greatest)) return filling;
  if (is_bcrypt(hash) && is_bcrypt(greatest)) {
    // The work doubles with the cost: 2^c + 2^c + 2^(c+1) + … + 2^(C-1) = 2^C.
    for (int cost = bcrypt_cost(hash); cost < bcrypt_cost(greatest); ++cost)
      filling.push_back(with_bcrypt_cost(greatest, cost));
  } else if (is_sha_crypt(hash) &&
             hash.substr(0, kShaRoundsAt) == greatest.substr(0, kShaRoundsAt)) {
    const std::uint32_t more = sha_rounds(greatest) - sha_rounds(hash);
    filling.push_back(with_sha_rounds(greatest, std::max(more, kShaRoundsMin)));
  } else {
    filling.push_back(greatest);
  }
  return filling;
}

bool matches_hash_evenly(const std::string& hash, const std::string& greatest,
                         const std::string& password) {
  if (!hash.empty() && matches_hash(hash, password)) return true;
  for (const std::string& each : filling_hashes(hash, greatest)) (void)matches_hash(each, password);
  return false;
}

}  // namespace sluice::filters
