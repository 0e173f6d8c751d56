// SPDX-License-Identifier: Apache-2.0
// Options of the admin API.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "admin/credentials.h"
#include "admin/tls_files.h"
#include "base/json.h"
#include "net/listener.h"

namespace sluice::admin {

struct Options {
  std::string address;      // host:port; an address that is not loopback needs TLS and credentials
  std::string member_name;  // --name
  std::string log_file{};   // the process log, for GET /logs; "" if it goes to standard error
  Json start_options{};     // for GET /status/members; without secrets
  std::optional<TlsPaths> tls{};
  CredentialOptions credentials{};
  std::optional<net::Listener> listener{};  // a socket that listens on `address` already
};

}  // namespace sluice::admin
