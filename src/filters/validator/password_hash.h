// SPDX-License-Identifier: Apache-2.0
// The hashes of htpasswd files: bcrypt ($2y$ $2a$ $2b$), $apr1$, $1$, $5$, $6$ and {SHA}. Any
// thread but a core's: bcrypt takes a tenth of a second and more.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::filters {

inline constexpr std::size_t kPasswordBytesMax = 512;
inline constexpr int kBcryptCostMax = 14;  // about a second
inline constexpr std::uint32_t kShaRoundsMax = 1'000'000;

// "" if `hash` has a known form and costs no more than these limits, else the reason.
[[nodiscard]] std::string_view fault_of_hash(std::string_view hash);
// True if `hash` is that of `password`. Requires: the hash has no fault.
[[nodiscard]] bool matches_hash(const std::string& hash, const std::string& password);

// The work of one matches_hash(), in nanoseconds of some machine: for comparisons. Requires: the
// hash has no fault.
[[nodiscard]] std::uint64_t work_of_hash(std::string_view hash);
// The hashes that together are the work by which `greatest` exceeds `hash`. Exact for two of
// bcrypt, and for two of the same SHA-crypt; another pair is the work of both.
[[nodiscard]] std::vector<std::string> filling_hashes(std::string_view hash,
                                                      const std::string& greatest);
// True if `hash` is that of `password`. A wrong password takes as long as with `greatest`, also if
// `hash` is "", which fits none. Blocks; never on a core.
[[nodiscard]] bool matches_hash_evenly(const std::string& hash, const std::string& greatest,
                                       const std::string& password);

}  // namespace sluice::filters
