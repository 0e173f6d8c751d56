// SPDX-License-Identifier: Apache-2.0
// Stored passwords: scrypt (RFC 7914) in the PHC string format,
// "$scrypt$ln=15,r=8,p=1$<salt>$<hash>", salt and hash in base64. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice {

// Hashes with a new salt. Takes about 0.1 s and 32 MiB.
[[nodiscard]] Result<std::string> hash_password(std::string_view password);
// True if `stored` is the hash of `given`. As slow as hash_password(). A hash that is malformed, or
// needs more than 256 MiB, matches no password.
[[nodiscard]] bool verify_password(std::string_view stored, std::string_view given);
// True if verify_password() can use the hash `text`.
[[nodiscard]] bool is_password_hash(std::string_view text);

// Compares two secrets. The time that this takes does not reveal where they differ.
[[nodiscard]] bool same_secret(std::string_view a, std::string_view b);
// Returns bytes of the system's random generator. Error `internal` if it fails.
[[nodiscard]] Result<std::string> random_bytes(std::size_t count);

}  // namespace sluice
