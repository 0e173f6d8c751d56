// SPDX-License-Identifier: Apache-2.0
#include "base/password.h"

#include <openssl/evp.h>
#include <sys/random.h>

#include <optional>

#include "base/encoding.h"
#include "base/text.h"

namespace sluice {
namespace {

constexpr std::string_view kPrefix = "$scrypt$";
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kHashBytesMax = 64;
constexpr std::uint64_t kMemoryMax = std::uint64_t{256} << 20;

struct Cost {
  unsigned log_n = 15;
  unsigned r = 8;
  unsigned p = 1;
};

struct Stored {
  Cost cost;
  std::string salt;
  std::string hash;
};

std::optional<std::string> derive(std::string_view password, std::string_view salt,
                                  const Cost& cost, std::size_t size) {
  std::string out(size, '\0');
  const auto* salt_bytes = reinterpret_cast<const unsigned char*>(salt.data());
  const int done = EVP_PBE_scrypt(password.data(), password.size(), salt_bytes, salt.size(),
                                  std::uint64_t{1} << cost.log_n, cost.r, cost.p, 2 * kMemoryMax,
                                  reinterpret_cast<unsigned char*>(out.data()), size);
  return done == 1 ? std::optional(std::move(out)) : std::nullopt;
}

bool read_number(std::string_view text, std::string_view name, unsigned max, unsigned& out) {
  if (!text.starts_with(name)) return false;
  text.remove_prefix(name.size());
  const auto number = to_number<unsigned>(text);
  out = number.value_or(0);
  return out >= 1 && out <= max;
}

// Decodes base64 without padding, as the format requires.
std::optional<std::string> decode(std::string_view text) {
  std::string padded(text);
  while (padded.size() % 4 != 0) padded += '=';
  return base64_decode(padded);
}

std::string encode(std::string_view bytes) {
  std::string text = base64_encode(bytes);
  while (text.ends_with('=')) text.pop_back();
  return text;
}

std::optional<Stored> parse(std::string_view text) {
  if (!text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  std::string_view costs = take_until(text, '$');
  Stored stored;
  if (!read_number(take_until(costs, ','), "ln=", 20, stored.cost.log_n)) return std::nullopt;
  if (!read_number(take_until(costs, ','), "r=", 32, stored.cost.r)) return std::nullopt;
  if (!read_number(take_until(costs, ','), "p=", 16, stored.cost.p)) return std::nullopt;
  if ((std::uint64_t{128} * stored.cost.r << stored.cost.log_n) > kMemoryMax) return std::nullopt;
  auto salt = decode(take_until(text, '$'));
  auto hash = decode(text);
  if (!salt || !hash || hash->size() < kSaltBytes || hash->size() > kHashBytesMax)
    return std::nullopt;
  stored.salt = *std::move(salt);
  stored.hash = *std::move(hash);
  return stored;
}

}  // namespace

Result<std::string> hash_password(std::string_view password) {
  const Cost cost;
  SLUICE_TRY(const std::string salt, random_bytes(kSaltBytes));
  const auto hash = derive(password, salt, cost, kHashBytes);
  if (!hash) return fail(ErrorKind::internal, "scrypt failed: is there memory?");
  return std::string(kPrefix) + "ln=" + std::to_string(cost.log_n) +
         ",r=" + std::to_string(cost.r) + ",p=" + std::to_string(cost.p) + "$" + encode(salt) +
         "$" + encode(*hash);
}

bool is_password_hash(std::string_view text) { return parse(text).has_value(); }

bool verify_password(std::string_view stored, std::string_view given) {
  const auto wanted = parse(stored);
  if (!wanted) return false;
  const auto hash = derive(given, wanted->salt, wanted->cost, wanted->hash.size());
  return hash && same_secret(*hash, wanted->hash);
}

// The digests have one length, so the comparison does not reveal the lengths of the secrets.
bool same_secret(std::string_view a, std::string_view b) {
  const std::string x = sha256_hex(a);
  const std::string y = sha256_hex(b);
  volatile unsigned char difference = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    difference = static_cast<unsigned char>(difference | (x[i] ^ y[i]));
  }
  return difference == 0;
}

Result<std::string> random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (::getrandom(bytes.data(), count, 0) == static_cast<ssize_t>(count)) return bytes;
  return fail(ErrorKind::internal, "the system gives no random bytes");
}

}  // namespace sluice
