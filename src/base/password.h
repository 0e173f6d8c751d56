// SPDX-License-Identifier: Apache-2.0
// Passwords at rest: scrypt (RFC 7914) in the PHC string format,
// "$scrypt$ln=15,r=8,p=1$<salt>$<hash>", both in base64. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice {

// With a new salt. Takes about 0.1 s and 32 MiB.
[[nodiscard]] Result<std::string> hash_password(std::string_view password);
// True if `given` is the password of which `stored` is the hash, as slow as that. A hash that is
// malformed, or dearer than 256 MiB, fits no password.
[[nodiscard]] bool verify_password(std::string_view stored, std::string_view given);
// True if `text` is a hash that verify_password() can work with.
[[nodiscard]] bool is_password_hash(std::string_view text);

// Whether two secrets are the same; how long that takes says nothing of where they differ.
[[nodiscard]] bool same_secret(std::string_view a, std::string_view b);
// From the system's generator. Error `internal` if it gives none.
[[nodiscard]] Result<std::string> random_bytes(std::size_t count);

}  // namespace sluice
