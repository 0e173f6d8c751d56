// SPDX-License-Identifier: Apache-2.0
// ABI: a list of pairs as bytes: the count, the sizes of each name and value (u32, little-endian),
// then the names and values, each with a 0 behind it. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::filters::proxy_wasm {

inline constexpr std::size_t kPairsMax = 1000;
inline constexpr std::size_t kPairBytesMax = std::size_t{1} << 20;  // of a whole list

using Pair = std::pair<std::string_view, std::string_view>;
using Pairs = std::vector<Pair>;

[[nodiscard]] std::string encode_pairs(const Pairs& pairs);
// The size of encode_pairs().
[[nodiscard]] std::size_t encoded_size(const Pairs& pairs);
// Views into `bytes`. Nullopt: not such a list, or beyond the bounds. No bytes, or a single 0, are
// an empty list.
[[nodiscard]] std::optional<Pairs> decode_pairs(std::string_view bytes);

}  // namespace sluice::filters::proxy_wasm
