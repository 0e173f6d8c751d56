// SPDX-License-Identifier: Apache-2.0
// Credentials: the callers of the API, and their roles. Any thread.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/failed_tries.h"
#include "base/mutex.h"
#include "base/result.h"

namespace sluice::admin {

enum class Role {
  reader,  // GET and HEAD, and sees no secrets
  admin,
};

struct Identity {
  std::string name;
  Role role = Role::admin;
};

struct CredentialOptions {
  std::map<std::string, std::string> users{};   // name -> password, or its hash (base/password.h)
  std::map<std::string, std::string> tokens{};  // name -> token, or "sha256:" and its hash in hex
  std::vector<std::string> readers{};           // names of users, tokens and certificates
  bool certificate = false;                     // TLS demands one, whose common name is the caller
  bool operator==(const CredentialOptions&) const = default;
};

// The credentials that a call presents.
struct Proof {
  std::string_view peer{};           // address without port
  std::string_view authorization{};  // the field's value, "" without it
  std::string_view certificate_name{};
};

struct Denial {
  int status;
  std::string message;          // for the caller
  std::string log;              // for the log, without secrets; "" if not worth a line
  int retry_after_seconds = 0;  // with 429
};

class Credentials {
 public:
  // Error `invalid`: a malformed hash, or a reader without an entry. The message names the option.
  [[nodiscard]] static Result<std::unique_ptr<Credentials>> create(CredentialOptions options);

  // A wrong password takes time and counts (FailedTries). Without users and tokens, the certificate
  // is the proof. If no certificate is demanded either, every caller is an admin.
  [[nodiscard]] std::expected<Identity, Denial> check(const Proof& proof);
  // Whether check() of that field hashes no password: it takes microseconds then. Another caller's
  // password may take 0.1 s for each that is before it.
  [[nodiscard]] bool is_quick(std::string_view authorization);
  // Whether both were created with equal options.
  [[nodiscard]] bool same_as(const Credentials& other) const { return options_ == other.options_; }
  // Whether a caller has to prove anything.
  [[nodiscard]] bool demanded() const { return options_.certificate || wants_header(); }

 private:
  explicit Credentials(CredentialOptions options, std::string salt);
  [[nodiscard]] bool wants_header() const {
    return !options_.users.empty() || !options_.tokens.empty();
  }
  [[nodiscard]] Identity identity(std::string_view name) const;
  [[nodiscard]] std::expected<Identity, Denial> check_header(const Proof& proof);
  [[nodiscard]] std::string token_name(std::string_view token) const;
  struct Login {
    std::string user;
    std::string password;
  };
  [[nodiscard]] static std::optional<Login> login_in(std::string_view authorization);
  // "": no hash is stored for that user.
  [[nodiscard]] std::string_view hash_of(const std::string& user) const;
  [[nodiscard]] bool is_known(const Login& login);
  [[nodiscard]] std::string digest_of(const Login& login) const;
  // nullopt: its address has to wait since it came.
  [[nodiscard]] std::optional<bool> is_password(const Login& login, std::string_view peer);
  [[nodiscard]] std::unexpected<Denial> too_many(Duration wait) const;

  const CredentialOptions options_;
  const std::string salt_;
  FailedTries failures_;
  Mutex verifying_;  // one at a time: each takes 32 MiB
  Mutex known_mutex_;
  // user -> salted digest of the right password, so that its hash is computed only once
  std::map<std::string, std::string> known_ SLUICE_GUARDED_BY(known_mutex_);
};

}  // namespace sluice::admin
