// SPDX-License-Identifier: Apache-2.0
#include "admin/credentials.h"

#include <algorithm>
#include <optional>

#include "base/encoding.h"
#include "base/password.h"
#include "base/text.h"
#include "http/headers.h"

namespace sluice::admin {
namespace {

constexpr std::string_view kTokenHash = "sha256:";
constexpr std::size_t kHexDigits = 64;
constexpr std::size_t kLoggedNameMax = 64;
// The hash of no password: with it, unknown users take as long as known ones.
constexpr const char* kNobody =
    "$scrypt$ln=15,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

bool is_hex_digest(std::string_view text) {
  return text.size() == kHexDigits &&
         std::ranges::all_of(text, [](char c) { return hex_value(c) >= 0 && !is_upper(c); });
}

// The text after "Basic " or "Bearer ". Schemes are case-insensitive (RFC 9110 section 11.1).
std::optional<std::string_view> after_scheme(std::string_view field, std::string_view scheme) {
  if (field.size() <= scheme.size() || field[scheme.size()] != ' ') return std::nullopt;
  if (!http::iequals(field.substr(0, scheme.size()), scheme)) return std::nullopt;
  field.remove_prefix(scheme.size());
  while (field.starts_with(' ')) field.remove_prefix(1);
  return field;
}

Result<void> check_names(const CredentialOptions& options) {
  for (const auto& [name, token] : options.tokens) {
    if (options.users.contains(name))
      return fail(ErrorKind::invalid, "api-tokens." + name + ": basic-auth has that name, too");
    if (token.empty()) return fail(ErrorKind::invalid, "api-tokens." + name + ": is empty");
  }
  for (const std::string& name : options.readers) {
    if (options.certificate || options.users.contains(name) || options.tokens.contains(name))
      continue;
    return fail(ErrorKind::invalid,
                "api-readers: \"" + name + "\" is no name in basic-auth or api-tokens");
  }
  return {};
}

}  // namespace

Credentials::Credentials(CredentialOptions options, std::string salt)
    : options_(std::move(options)), salt_(std::move(salt)) {}

Result<std::unique_ptr<Credentials>> Credentials::create(CredentialOptions options) {
  SLUICE_CHECK(check_names(options));
  for (const auto& [name, password] : options.users) {
    if (password.empty()) return fail(ErrorKind::invalid, "basic-auth." + name + ": is empty");
    if (password.starts_with("$scrypt$") && !is_password_hash(password)) {
      return fail(ErrorKind::invalid, "basic-auth." + name +
                                          ": is a broken hash; make a new one with: sluice-server "
                                          "--hash-password");
    }
  }
  for (auto& [name, token] : options.tokens) {
    if (!token.starts_with(kTokenHash)) {
      token = sha256_hex(token);
    } else if (token = token.substr(kTokenHash.size()); !is_hex_digest(token)) {
      return fail(ErrorKind::invalid,
                  "api-tokens." + name + ": sha256: wants 64 hex digits, lower case");
    }
  }
  SLUICE_TRY(std::string salt, random_bytes(32));
  return std::unique_ptr<Credentials>(new Credentials(std::move(options), std::move(salt)));
}

Identity Credentials::identity(std::string_view name) const {
  const bool reader = std::ranges::find(options_.readers, name) != options_.readers.end();
  return {std::string(name), reader ? Role::reader : Role::admin};
}

std::expected<Identity, Denial> Credentials::check(const Proof& proof) {
  if (wants_header()) return check_header(proof);
  if (!options_.certificate) return Identity{"", Role::admin};
  return identity(proof.certificate_name);
}

std::expected<Identity, Denial> Credentials::check_header(const Proof& proof) {
  if (proof.authorization.empty()) {
    return std::unexpected(
        Denial{401, "credentials are needed: a user and password, or a token", "", 0});
  }
  const TimePoint now = Clock::now();
  if (const Duration wait = failures_.wait(proof.peer, now); wait > Duration::zero())
    return too_many(wait);
  std::string who;
  bool counted = false;
  if (const auto token = after_scheme(proof.authorization, "bearer")) {
    const std::string name = token_name(*token);
    if (!name.empty()) return failures_.clear(proof.peer), identity(name);
    who = "an unknown token";
  } else if (const auto login = login_in(proof.authorization)) {
    const auto right = is_password(*login, proof.peer);
    if (!right) return too_many(failures_.wait(proof.peer, Clock::now()));
    if (*right) return failures_.clear(proof.peer), identity(login->user);
    if (!hash_of(login->user).empty()) counted = true;
    // Not logged, because a user may type the password in place of the name.
    who = options_.users.contains(login->user)
              ? "wrong password of user " + login->user.substr(0, kLoggedNameMax)
              : "an unknown user";
  } else {
    who = "neither Basic nor Bearer";
  }
  if (!counted) failures_.add(proof.peer, now);
  return std::unexpected(Denial{401, "the credentials are wrong",
                                "refused " + std::string(proof.peer) + ": " + who, 0});
}

std::unexpected<Denial> Credentials::too_many(Duration wait) const {
  const auto seconds =
      std::max(std::chrono::ceil<std::chrono::seconds>(wait), std::chrono::seconds(1));
  return std::unexpected(
      Denial{429, "too many wrong tries, wait", "", static_cast<int>(seconds.count())});
}

// Compares all tokens, so that the time does not reveal which one matches.
std::string Credentials::token_name(std::string_view token) const {
  const std::string digest = sha256_hex(token);
  std::string found;
  for (const auto& [name, stored] : options_.tokens) {
    if (same_secret(stored, digest)) found = name;
  }
  return found;
}

std::optional<Credentials::Login> Credentials::login_in(std::string_view authorization) {
  const auto basic = after_scheme(authorization, "basic");
  if (!basic) return std::nullopt;
  const std::string pair = base64_decode(*basic).value_or("");
  const std::size_t colon = std::min(pair.find(':'), pair.size());
  return Login{pair.substr(0, colon), pair.substr(std::min(colon + 1, pair.size()))};
}

// A user who is unknown costs as much as one who is known.
std::string_view Credentials::hash_of(const std::string& user) const {
  const auto found = options_.users.find(user);
  if (found == options_.users.end()) return kNobody;
  const std::string& stored = found->second;
  return stored.starts_with("$scrypt$") ? std::string_view(stored) : std::string_view();
}

std::string Credentials::digest_of(const Login& login) const {
  return sha256_hex(salt_ + login.password);
}

bool Credentials::is_known(const Login& login) {
  const std::string digest = digest_of(login);
  const MutexLock lock(known_mutex_);
  const auto known = known_.find(login.user);
  return known != known_.end() && same_secret(known->second, digest);
}

bool Credentials::is_quick(std::string_view authorization) {
  if (!wants_header()) return true;
  const auto login = login_in(authorization);
  return !login || hash_of(login->user).empty() || is_known(*login);
}

std::optional<bool> Credentials::is_password(const Login& login, std::string_view peer) {
  const std::string_view hash = hash_of(login.user);
  if (hash.empty()) return same_secret(options_.users.at(login.user), login.password);
  if (is_known(login)) return true;
  const MutexLock one_at_a_time(verifying_);
  if (failures_.wait(peer, Clock::now()) > Duration::zero()) return std::nullopt;
  if (!verify_password(std::string(hash), login.password) || !options_.users.contains(login.user)) {
    failures_.add(peer, Clock::now());  // before the next one may try
    return false;
  }
  const MutexLock lock(known_mutex_);
  known_[login.user] = digest_of(login);
  return true;
}

}  // namespace sluice::admin
