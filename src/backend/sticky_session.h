// SPDX-License-Identifier: Apache-2.0
// StickySession: a client stays with the server that it was sent to first. Immutable; any thread.
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
  cookie_consistent_hash,  // the application's cookie says where: clients move only if they must
  duration_based,          // a cookie of ours does, renewed with every response
  application_based,       // likewise, set whenever the application sets its own
};

// "CookieConsistentHash", "DurationBased", "ApplicationBased".
[[nodiscard]] std::optional<StickyMode> parse_sticky_mode(std::string_view name);

struct StickyOptions {
  StickyMode mode = StickyMode::cookie_consistent_hash;
  std::string app_cookie;  // name; not for duration_based
  std::string own_cookie = "EG_SESSION";
  Duration expiry = std::chrono::hours(2);
  // Keys the cookie, so that it tells nobody which server it means and nobody can make one. All
  // gateways that take each other's cookies have the same. Empty: one of this object's own.
  std::string secret{};
};

class StickySession {
 public:
  // The servers stay the same; only their URLs and the secret matter, so that all members of a
  // cluster agree.
  StickySession(StickyOptions options, const std::vector<Server>& servers);

  // The server that the request's cookie points to, if it is one of `candidates` (rising indexes).
  // A cookie that is not ours is as none.
  [[nodiscard]] std::optional<std::size_t> find(const http::Request& request,
                                                std::span<const std::size_t> candidates) const;
  // The Set-Cookie value for the client whose request `server` has answered; "" for none.
  [[nodiscard]] std::string cookie(const http::Request& request, const http::Response& response,
                                   std::size_t server) const;

 private:
  // The server that a cookie of ours means; nullopt if it is none.
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
