// SPDX-License-Identifier: Apache-2.0
#include "tracing/ids.h"

#include <bit>
#include <cstring>
#include <random>

#include "base/password.h"
#include "base/text.h"

namespace sluice::tracing {
namespace {

constexpr int kDigits = 16;

void append_bytes(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

}  // namespace

std::string to_hex(const TraceId& id) {
  std::string out;
  append_hex(out, id.high, kDigits);
  append_hex(out, id.low, kDigits);
  return out;
}

std::string to_hex(SpanId id) {
  std::string out;
  append_hex(out, id, kDigits);
  return out;
}

std::string to_bytes(const TraceId& id) {
  std::string out;
  append_bytes(out, id.high);
  append_bytes(out, id.low);
  return out;
}

std::string to_bytes(SpanId id) {
  std::string out;
  append_bytes(out, id);
  return out;
}

std::optional<std::uint64_t> read_hex64(std::string_view text) {
  if (text.size() != kDigits) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (is_upper(c) || hex_value(c) < 0) return std::nullopt;
    value = value << 4 | static_cast<unsigned>(hex_value(c));
  }
  return value;
}

IdSource::IdSource() {
  const auto seed = random_bytes(sizeof state_);
  if (seed) {
    std::memcpy(state_.data(), seed->data(), sizeof state_);
  } else {
    std::random_device device;
    for (std::uint64_t& word : state_) word = std::uint64_t{device()} << 32 | device();
  }
  state_[0] |= 1;  // a state of zeros stays zero
}

std::uint64_t IdSource::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

}  // namespace sluice::tracing
