// SPDX-License-Identifier: Apache-2.0
// Access: who may call. The credentials that callers need, the certificate of the API, and the
// check of a call against both.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "admin/credentials.h"
#include "admin/message.h"
#include "base/log.h"
#include "http/message.h"
#include "net/tls/tls_context.h"

namespace sluice::admin {

// The credentials and the TLS context in force. A connection keeps those of its handshake.
struct Access {
  std::shared_ptr<Credentials> credentials;
  std::shared_ptr<const net::TlsContext> tls;  // null: plain
};

// The client of a connection.
struct Client {
  std::string address;           // without port
  std::string certificate_name;  // "" without a certificate
};

// True for GET and HEAD, which a reader may call.
[[nodiscard]] inline bool only_reads(const http::Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

// Returns the response to a call from a web page of another origin; nullopt for any other call.
[[nodiscard]] std::optional<Response> refuse_web_page(const http::Request& request,
                                                      const Credentials& credentials);

// Returns the caller, or the response to a caller without valid credentials, which is logged. May
// take as long as the hash of a password, and block.
[[nodiscard]] std::expected<Identity, Response> identify(const http::Request& request,
                                                         const Client& client,
                                                         Credentials& credentials,
                                                         const Logger& logger);

}  // namespace sluice::admin
