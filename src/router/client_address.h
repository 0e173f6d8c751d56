// SPDX-License-Identifier: Apache-2.0
// Who the client is, when proxies stand in between.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace sluice::router {

// Whose word counts. Anybody can send X-Forwarded-For: a server that clients reach directly should
// not believe it.
struct ForwardingPolicy {
  bool trust_headers = true;
};

// The first element of X-Forwarded-For that is a public address; else X-Real-Ip if it is an
// address; else the peer. Never empty unless `peer_ip` is.
[[nodiscard]] std::string real_ip(const http::Request& request, std::string_view peer_ip,
                                  const ForwardingPolicy& policy = {});

// Adds the address to X-Forwarded-For unless one of its elements is that address.
void append_forwarded_for(http::Request& request, std::string_view real_ip);

}  // namespace sluice::router
