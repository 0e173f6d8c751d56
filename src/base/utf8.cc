// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <array>

namespace sluice {
namespace {

constexpr char32_t kReplacement = 0xfffd;

unsigned char octet(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

bool is_continuation(unsigned char octet) { return (octet & 0xc0U) == 0x80; }

// Where the ASCII characters at the front of `text` end.
std::size_t skip_ascii(std::string_view text, std::size_t at) {
  while (at < text.size() && octet(text, at) < 0x80) ++at;
  return at;
}

}  // namespace

Utf8Char first_utf8_char(std::string_view text) {
  const unsigned char lead = octet(text, 0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
  char32_t value = lead & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if (!is_continuation(octet(text, i))) return {};
    value = value << 6 | (octet(text, i) & 0x3fU);
  }
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  if (value < kSmallest[size] || value > 0x10ffff || is_surrogate(value)) return {};
  return {value, size, true};
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = skip_ascii(text, 0); at < text.size(); at = skip_ascii(text, at)) {
    const Utf8Char next = first_utf8_char(text.substr(at));
    if (!next.valid) return false;
    at += next.size;
  }
  return true;
}

std::string_view utf8_prefix(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && is_continuation(octet(text, size))) --size;
  return text.substr(0, size);
}

void append_utf8(std::string& out, char32_t c) {
  const auto append = [&out](char32_t octet) { out.push_back(static_cast<char>(octet)); };
  const auto follow = [&](unsigned shift) { append(0x80 | (c >> shift & 0x3f)); };
  if (c < 0x80) {
    append(c);
  } else if (c < 0x800) {
    append(0xc0 | c >> 6), follow(0);
  } else if (c < 0x10000) {
    append(0xe0 | c >> 12), follow(6), follow(0);
  } else {
    append(0xf0 | c >> 18), follow(12), follow(6), follow(0);
  }
}

std::optional<char32_t> join_surrogates(char32_t high, char32_t low) {
  if ((high & ~0x3ffU) != 0xd800 || (low & ~0x3ffU) != 0xdc00) return std::nullopt;
  return 0x10000 + ((high & 0x3ff) << 10) + (low & 0x3ff);
}

std::string utf16_to_utf8(std::string_view bytes) {
  const auto unit = [&](std::size_t i) {
    return static_cast<char32_t>(octet(bytes, 2 * i)) |
           static_cast<char32_t>(octet(bytes, 2 * i + 1)) << 8;
  };
  std::string out;
  const std::size_t count = bytes.size() / 2;
  for (std::size_t i = 0; i < count; ++i) {
    char32_t c = unit(i);
    if (is_surrogate(c)) {
      const auto joined = i + 1 < count ? join_surrogates(c, unit(i + 1)) : std::nullopt;
      if (joined) ++i;
      c = joined.value_or(kReplacement);
    }
    append_utf8(out, c);
  }
  return out;
}

std::size_t overlong_ascii(std::string_view text, char& c) {
  const unsigned char lead = octet(text, 0);
  const auto follows = [&](std::size_t i, unsigned char limit) {
    return i < text.size() && is_continuation(octet(text, i)) && octet(text, i) < limit;
  };
  const auto found = [&](unsigned above, std::size_t last) {
    c = static_cast<char>((above & 1) << 6 | (octet(text, last) & 0x3f));
    return last + 1;
  };
  constexpr unsigned char kAny = 0xc0;
  if ((lead & 0xfe) == 0xc0 && follows(1, kAny)) return found(lead, 1);
  if (lead == 0xe0 && follows(1, 0x82) && follows(2, kAny)) return found(octet(text, 1), 2);
  if (lead == 0xf0 && follows(1, 0x81) && follows(2, 0x82) && follows(3, kAny))
    return found(octet(text, 2), 3);
  return 0;
}

}  // namespace sluice
