// SPDX-License-Identifier: Apache-2.0
#include "backend/sticky_session.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>

#include "base/encoding.h"
#include "base/text.h"
#include "http/cookie.h"

namespace sluice::backend {
namespace {

constexpr std::size_t kSaltBytes = 8;
constexpr std::size_t kDigestBytes = 32;
// Separates this use of the secret from its other uses.
constexpr std::string_view kPurpose = "sluice sticky session 1";

std::string cookie_of(const http::Request& request, std::string_view name) {
  for (const http::Field& field : request.headers) {
    if (!http::iequals(field.name, "Cookie")) continue;
    for (const auto& pair : http::parse_cookies(field.value)) {
      if (pair.name == name) return std::string(pair.value);
    }
  }
  return {};
}

// All cookies of that name, at most kTriedMax: another party may have set one beside ours.
std::vector<std::string> cookies_of(const http::Request& request, std::string_view name) {
  constexpr std::size_t kTriedMax = 4;
  std::vector<std::string> values;
  for (const http::Field& field : request.headers) {
    if (!http::iequals(field.name, "Cookie")) continue;
    for (const auto& pair : http::parse_cookies(field.value)) {
      if (pair.name == name && values.size() < kTriedMax) values.emplace_back(pair.value);
    }
  }
  return values;
}

bool sets_cookie(const http::Response& response, std::string_view name) {
  return std::ranges::any_of(response.headers, [name](const http::Field& field) {
    const std::string_view value = field.value;
    return http::iequals(field.name, "Set-Cookie") && value.starts_with(name) &&
           value.substr(name.size()).starts_with('=');
  });
}

std::string random_text(std::size_t bytes) {
  std::random_device device;
  std::string text;
  while (text.size() < bytes) text.push_back(static_cast<char>(device() & 0xff));
  return text;
}

// FNV-1a with a final mix, 64 bit. Equal on every machine.
std::uint64_t hash_of(std::string_view url, std::string_view value) {
  std::uint64_t hash = 14695981039346656037ULL;
  const auto take = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  };
  take(url);
  take({"\0", 1});
  take(value);
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ULL;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebULL;
  return hash ^ (hash >> 31);
}

}  // namespace

std::optional<StickyMode> parse_sticky_mode(std::string_view name) {
  if (name == "CookieConsistentHash") return StickyMode::cookie_consistent_hash;
  if (name == "DurationBased") return StickyMode::duration_based;
  if (name == "ApplicationBased") return StickyMode::application_based;
  return std::nullopt;
}

StickySession::StickySession(StickyOptions options, const std::vector<Server>& servers)
    : options_(std::move(options)),
      key_(hmac_sha256(options_.secret.empty() ? random_text(kDigestBytes) : options_.secret,
                       kPurpose)) {
  for (const Server& server : servers) urls_.push_back(server.url);
}

std::optional<std::size_t> StickySession::find(const http::Request& request,
                                               std::span<const std::size_t> candidates) const {
  if (candidates.empty()) return std::nullopt;
  if (options_.mode == StickyMode::cookie_consistent_hash) {
    const std::string value = cookie_of(request, options_.app_cookie);
    if (value.empty()) return std::nullopt;
    return by_weight(value, candidates);
  }
  return meant(request, candidates);
}

std::string StickySession::digest(std::string_view salt, std::size_t server) const {
  return hmac_sha256(key_, std::string(salt) + urls_[server]);
}

std::optional<std::size_t> StickySession::meant(const http::Request& request,
                                                std::span<const std::size_t> among) const {
  for (const std::string& value : cookies_of(request, options_.own_cookie)) {
    const auto bytes = hex_decode(value);
    if (!bytes || bytes->size() != kSaltBytes + kDigestBytes) continue;
    const std::string_view salt = std::string_view(*bytes).substr(0, kSaltBytes);
    const std::string_view told = std::string_view(*bytes).substr(kSaltBytes);
    for (const std::size_t i : among) {
      if (equal_in_constant_time(digest(salt, i), told)) return i;
    }
  }
  return std::nullopt;
}

// True if a cookie matches no server: it is forged, made with another secret, or for a removed
// server.
bool StickySession::has_invalid_cookie(const http::Request& request) const {
  if (cookie_of(request, options_.own_cookie).empty()) return false;
  std::vector<std::size_t> all(urls_.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return !meant(request, all);
}

// Rendezvous hashing: chooses the server with the greatest hash of the value and the server. A
// removed server moves only its own clients.
std::size_t StickySession::by_weight(std::string_view value,
                                     std::span<const std::size_t> candidates) const {
  return *std::ranges::max_element(candidates, {},
                                   [&](std::size_t i) { return hash_of(urls_[i], value); });
}

std::string StickySession::cookie(const http::Request& request, const http::Response& response,
                                  std::size_t server) const {
  if (options_.mode == StickyMode::cookie_consistent_hash) return {};
  if (options_.mode == StickyMode::application_based &&
      !sets_cookie(response, options_.app_cookie) && !has_invalid_cookie(request))
    return {};
  const std::string salt = random_text(kSaltBytes);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options_.expiry).count();
  std::string text = options_.own_cookie + "=" + hex_encode(salt + digest(salt, server));
  text += "; Path=/; Max-Age=" + std::to_string(seconds) + "; HttpOnly; SameSite=Lax";
  if (request.scheme == "https") text += "; Secure";
  return text;
}

}  // namespace sluice::backend
