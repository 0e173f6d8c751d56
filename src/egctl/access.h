// SPDX-License-Identifier: Apache-2.0
// Access: which server to talk to, how, and as whom.
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"

namespace sluice::egctl {

struct Access {
  std::string server{};       // "" if it is not said
  bool verify = true;         // the server's certificate
  std::string authority{};    // PEM: whom to trust instead of the system's authorities
  std::string certificate{};  // PEM, to show
  std::string key{};
  std::string user{};
  std::string password{};
  std::string token{};

  [[nodiscard]] bool has_secret() const { return !token.empty() || !user.empty(); }
};

// What the command line said; "" where it said nothing.
struct AccessFlags {
  std::string server{};
  bool force_tls = false;
  bool insecure_skip_verify = false;
  std::string ca_file{};
  std::string cert_file{};
  std::string key_file{};
};

// From an entry of `clusters` and one of `users` of the settings file: `x-data` is base64 of PEM,
// `x` the name of a file. Errors name the field.
[[nodiscard]] Result<Access> access_of(const Json& cluster, const Json& user);
// Flags go over the environment (EGCTL_TOKEN, or EGCTL_USER and EGCTL_PASSWORD), which goes over
// `settings`. What belongs to the settings' server is not shown to another one that --server names.
[[nodiscard]] Result<Access> combine(const AccessFlags& flags, Access settings);

}  // namespace sluice::egctl
