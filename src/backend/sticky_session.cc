// SPDX-License-Identifier: Apache-2.0
#include "backend/sticky_session.h"

#include <algorithm>
#include <cstdint>
#include <random>

#include "base/encoding.h"
#include "http/cookie.h"

namespace sluice::backend {
namespace {

constexpr std::size_t kSaltBytes = 8;
constexpr std::size_t kDigestBytes = 32;

std::string cookie_of(const http::Request& request, std::string_view name) {
  for (const http::Field& field : request.headers) {
    if (!http::iequals(field.name, "Cookie")) continue;
    for (const auto& pair : http::parse_cookies(field.value)) {
      if (pair.name == name) return std::string(pair.value);
    }
  }
  return {};
}

bool sets_cookie(const http::Response& response, std::string_view name) {
  return std::ranges::any_of(response.headers, [name](const http::Field& field) {
    const std::string_view value = field.value;
    return http::iequals(field.name, "Set-Cookie") && value.starts_with(name) &&
           value.substr(name.size()).starts_with('=');
  });
}

std::string make_salt() {
  std::random_device device;
  std::string salt;
  while (salt.size() < kSaltBytes) salt.push_back(static_cast<char>(device() & 0xff));
  return salt;
}

// FNV-1a with a last stir, 64 bit: the same on every machine.
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
    : options_(std::move(options)) {
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
  const auto bytes = hex_decode(cookie_of(request, options_.own_cookie));
  if (!bytes || bytes->size() != kSaltBytes + kDigestBytes) return std::nullopt;
  const std::string_view salt = std::string_view(*bytes).substr(0, kSaltBytes);
  const std::string_view digest = std::string_view(*bytes).substr(kSaltBytes);
  for (const std::size_t i : candidates) {
    if (equal_in_constant_time(hmac_sha256(salt, urls_[i]), digest)) return i;
  }
  return std::nullopt;
}

// Of all pairs of this value and a server the one with the greatest hash (rendezvous hashing): a
// server that goes takes only its own clients along.
std::size_t StickySession::by_weight(std::string_view value,
                                     std::span<const std::size_t> candidates) const {
  return *std::ranges::max_element(candidates, {},
                                   [&](std::size_t i) { return hash_of(urls_[i], value); });
}

std::string StickySession::cookie(const http::Request& request, const http::Response& response,
                                  std::size_t server) const {
  if (options_.mode == StickyMode::cookie_consistent_hash) return {};
  if (options_.mode == StickyMode::application_based && !sets_cookie(response, options_.app_cookie))
    return {};
  const std::string salt = make_salt();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options_.expiry).count();
  std::string text =
      options_.own_cookie + "=" + hex_encode(salt + hmac_sha256(salt, urls_[server]));
  text += "; Path=/; Max-Age=" + std::to_string(seconds) + "; HttpOnly; SameSite=Lax";
  if (request.scheme == "https") text += "; Secure";
  return text;
}

}  // namespace sluice::backend
