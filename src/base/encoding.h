// SPDX-License-Identifier: Apache-2.0
// Base64 (RFC 4648), SHA-256 and HMAC. Hex is in base/text.h.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// RFC 4648 section 4, with padding.
[[nodiscard]] std::string base64_encode(std::string_view bytes);
// Returns nullopt unless the whole text is standard base64. Line breaks are allowed.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);
// RFC 4648 section 5, without padding.
[[nodiscard]] std::string base64url_encode(std::string_view bytes);
// Returns nullopt unless the whole text is what base64url_encode() writes, so that no two texts
// stand for the same bytes.
[[nodiscard]] std::optional<std::string> base64url_decode(std::string_view text);
// 32 bytes (RFC 2104 with SHA-256).
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view bytes);
// Compares in a time that does not depend on the position of the first difference. For digests and
// secrets of a known length.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);
// 32 bytes.
[[nodiscard]] std::string sha256(std::string_view bytes);
// Lower-case hex, 64 characters.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

// Computes sha256_hex() of bytes that arrive in pieces. One thread at a time.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view bytes);
  // Requires: called once, at the end.
  [[nodiscard]] std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice
