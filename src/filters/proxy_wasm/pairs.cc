// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy_wasm/pairs.h"

#include <cstdint>
#include <cstring>

namespace sluice::filters::proxy_wasm {
namespace {

constexpr std::size_t kNumber = sizeof(std::uint32_t);

void append_number(std::string& out, std::size_t value) {
  const auto number = static_cast<std::uint32_t>(value);
  char bytes[kNumber];
  std::memcpy(bytes, &number, kNumber);
  out.append(bytes, kNumber);
}

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t number = 0;
  std::memcpy(&number, bytes.data() + at, kNumber);
  return number;
}

// Takes `size` bytes and the 0 behind them.
std::optional<std::string_view> take_text(std::string_view& rest, std::size_t size) {
  if (size >= rest.size() || rest[size] != '\0') return std::nullopt;
  const std::string_view text = rest.substr(0, size);
  rest.remove_prefix(size + 1);
  return text;
}

}  // namespace

std::size_t encoded_size(const Pairs& pairs) {
  std::size_t size = kNumber;
  for (const auto& [name, value] : pairs) size += 2 * kNumber + name.size() + value.size() + 2;
  return size;
}

std::string encode_pairs(const Pairs& pairs) {
  std::string out;
  out.reserve(encoded_size(pairs));
  append_number(out, pairs.size());
  for (const auto& [name, value] : pairs) {
    append_number(out, name.size());
    append_number(out, value.size());
  }
  for (const auto& [name, value] : pairs) {
    out.append(name) += '\0';
    out.append(value) += '\0';
  }
  return out;
}

std::optional<Pairs> decode_pairs(std::string_view bytes) {
  if (bytes.empty() || bytes == std::string_view("\0", 1)) return Pairs();
  if (bytes.size() < kNumber || bytes.size() > kPairBytesMax) return std::nullopt;
  const std::size_t count = number_at(bytes, 0);
  const std::size_t texts_at = kNumber + count * 2 * kNumber;
  if (count > kPairsMax || texts_at > bytes.size()) return std::nullopt;
  std::string_view rest = bytes.substr(texts_at);
  Pairs pairs;
  pairs.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t sizes_at = kNumber + i * 2 * kNumber;
    const auto name = take_text(rest, number_at(bytes, sizes_at));
    const auto value = name ? take_text(rest, number_at(bytes, sizes_at + kNumber)) : std::nullopt;
    if (!value) return std::nullopt;
    pairs.emplace_back(*name, *value);
  }
  return pairs;
}

}  // namespace sluice::filters::proxy_wasm
