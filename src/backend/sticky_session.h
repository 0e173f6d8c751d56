// SPDX-License-Identifier: Apache-2.0
// StickySession: keeps a client on the server that it was sent to first. Immutable; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/server.h"
#include "base/time.h"
#include "http/message.h"

namespace sluice::backend {

enum class StickyMode {
  cookie_consistent_hash,  // by hash of the application's cookie: clients move only if they must
  duration_based,          // by a cookie of ours, renewed with every response
  application_based,       // by a cookie of ours, set whenever the application sets its own
};

// "CookieConsistentHash", "DurationBased", "ApplicationBased".
[[nodiscard]] std::optional<StickyMode> parse_sticky_mode(std::string_view name);

struct StickyOptions {
  StickyMode mode = StickyMode::cookie_consistent_hash;
  std::string app_cookie;  // name; not for duration_based
  std::string own_cookie = "EG_SESSION";
  Duration expiry = std::chrono::hours(2);
  // Keys the cookie, so that it does not reveal its server and cannot be forged. Gateways that
  // accept each other's cookies share it. Empty: a random secret of this object.
  std::string secret{};
};

class StickySession {
 public:
  // Uses only the servers' URLs and the secret, so that all members of a cluster agree.
  StickySession(StickyOptions options, const std::vector<Server>& servers);

  // The server of the request's cookie, if it is one of `candidates` (rising indexes). Foreign
  // cookies are ignored.
  [[nodiscard]] std::optional<std::size_t> find(const http::Request& request,
                                                std::span<const std::size_t> candidates) const;
  // The Set-Cookie value for the client that `server` has answered; "" for none.
  [[nodiscard]] std::string cookie(const http::Request& request, const http::Response& response,
                                   std::size_t server) const;

 private:
  // The server for which we made the cookie; nullopt if there is none.
  [[nodiscard]] std::optional<std::size_t> meant(const http::Request& request,
                                                 std::span<const std::size_t> among) const;
  [[nodiscard]] bool has_invalid_cookie(const http::Request& request) const;
  [[nodiscard]] std::string digest(std::string_view salt, std::size_t server) const;
  [[nodiscard]] std::size_t by_weight(std::string_view value,
                                      std::span<const std::size_t> candidates) const;

  StickyOptions options_;
  std::string key_;
  std::vector<std::string> urls_;
};

}  // namespace sluice::backend
