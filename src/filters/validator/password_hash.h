// SPDX-License-Identifier: Apache-2.0
// The hashes of htpasswd files: bcrypt ($2y$ $2a$ $2b$), $apr1$, $1$, $5$, $6$ and {SHA}. Any
// thread but a core's: bcrypt takes a tenth of a second and more.
#pragma once

#include <string>
#include <string_view>

namespace sluice::filters {

inline constexpr std::size_t kPasswordBytesMax = 512;
inline constexpr int kBcryptCostMax = 14;  // about a second
inline constexpr std::uint32_t kShaRoundsMax = 1'000'000;

// "" if `hash` has a known form and costs no more than these limits, else the reason.
[[nodiscard]] std::string_view fault_of_hash(std::string_view hash);
// True if `hash` is that of `password`. Requires: the hash has no fault.
[[nodiscard]] bool matches_hash(const std::string& hash, const std::string& password);

}  // namespace sluice::filters
