// SPDX-License-Identifier: Apache-2.0
// Access: the server to call, and the credentials for it.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/result.h"

namespace sluice::egctl {

struct Access {
  std::string server{};       // "" if not given
  bool verify = true;         // verify the server's certificate
  std::string authority{};    // PEM: trusted instead of the system's authorities
  std::string certificate{};  // PEM, for the server
  std::string key{};
  std::string user{};
  std::string password{};
  std::string token{};
  std::optional<std::chrono::milliseconds> reply_timeout{};  // absent: the usual one

  [[nodiscard]] bool has_secret() const { return !token.empty() || !user.empty(); }
};

// The flags of the command line; "" for a flag that is absent.
struct AccessFlags {
  std::string server{};
  bool force_tls = false;
  bool insecure_skip_verify = false;
  std::string ca_file{};
  std::string cert_file{};
  std::string key_file{};
  std::optional<std::chrono::milliseconds> reply_timeout{};  // absent: the usual one
};

// Combines an entry of `clusters` and one of `users` of the settings file. `x-data` is base64 of
// PEM, `x` the name of a file. Errors name the field.
[[nodiscard]] Result<Access> access_of(const Json& cluster, const Json& user);
// Flags override the environment (EGCTL_TOKEN, or EGCTL_USER and EGCTL_PASSWORD), which overrides
// `settings`. If --server names another server than `settings`, all of `settings` is ignored, so
// that no credentials go to the wrong server.
[[nodiscard]] Result<Access> combine(const AccessFlags& flags, Access settings);

}  // namespace sluice::egctl
