// SPDX-License-Identifier: Apache-2.0
// Base64 (RFC 4648 section 4, with padding) and SHA-256, for bytes that travel as text.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

[[nodiscard]] std::string base64_encode(std::string_view bytes);
// nullopt unless the whole text is standard base64; line breaks are allowed.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);
// Lower-case hex, 64 characters.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

// The same over bytes that come in pieces. One thread at a time.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view bytes);
  // Once, at the end.
  [[nodiscard]] std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice
