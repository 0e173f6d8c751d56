// SPDX-License-Identifier: Apache-2.0
// Options of the admin API.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "admin/credentials.h"
#include "admin/tls_files.h"
#include "base/json.h"
#include "base/time.h"
#include "net/listener.h"
#include "net/tls/tls_client_context.h"

namespace sluice::admin {

class HandedCalls;
class Health;

struct Options {
  std::string address;      // host:port; an address that is not loopback needs TLS and credentials
  std::string member_name;  // --name
  std::string log_file{};   // the process log, for GET /logs; "" if it goes to log_place
  std::string log_place = "standard error";
  Json start_options{};  // for GET /status/members; without secrets
  std::optional<TlsPaths> tls{};
  CredentialOptions credentials{};
  bool profiling = false;
  // The file in which a process leaves its profiles to the next one; "": it leaves none.
  std::string kept_profiles{};
  std::shared_ptr<const Health> health{};   // null: one of its own
  std::optional<net::Listener> listener{};  // a socket that listens on `address` already
  // In a cluster:
  std::shared_ptr<HandedCalls> handed{};  // the calls of other members; null: there are none
  std::shared_ptr<const net::TlsClientContext> to_members{};  // null: without TLS
  Duration owner_wait{};
};

}  // namespace sluice::admin
