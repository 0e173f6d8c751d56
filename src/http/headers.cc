// SPDX-License-Identifier: Apache-2.0
#include "http/headers.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/text_fill.h"
#include "http/chars.h"

namespace sluice::http {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHigh = 0x8080808080808080;

constexpr std::size_t kWord = 8;

// True if one of the 8 bytes is below 0x20 (such as a tab) or is 0x7f. May be true wrongly, never
// false.
bool maybe_control(std::string_view word) {
  std::uint64_t bytes;
  std::memcpy(&bytes, word.data(), kWord);
  const std::uint64_t below_space = (bytes - kOnes * 0x20) & ~bytes;
  const std::uint64_t del = bytes ^ (kOnes * 0x7f);
  const std::uint64_t is_del = (del - kOnes) & ~del;
  return ((below_space | is_del) & kHigh) != 0;
}

bool is_value_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

}  // namespace

bool iequals(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

bool is_token(std::string_view text) { return !text.empty() && all_in(kTokenChars, text); }

bool is_field_value(std::string_view text) {
  if (text.size() < kWord) return std::all_of(text.begin(), text.end(), is_value_char);
  // The last word overlaps the one before it, so that no byte is tested by itself.
  for (std::size_t at = 0; at < text.size(); at += kWord) {
    const std::string_view word = text.substr(std::min(at, text.size() - kWord), kWord);
    if (maybe_control(word) && !std::all_of(word.begin(), word.end(), is_value_char)) return false;
  }
  return true;
}

std::string canonical_name(std::string_view name) {
  std::string out(name);
  if (!is_token(name)) return out;
  bool first = true;
  for (char& c : out) {
    c = to_lower(c);
    if (first && c >= 'a' && c <= 'z') c = static_cast<char>(c - 0x20);
    first = c == '-';
  }
  return out;
}

Headers::Headers(const Headers& other) : fields_(other.begin(), other.end()), size_(other.size_) {}

Headers& Headers::operator=(const Headers& other) {
  if (this == &other) return *this;
  clear();
  for (const Field& field : other) add(field.name, field.value);
  return *this;
}

std::optional<std::string_view> Headers::get(std::string_view name) const {
  for (const Field& field : *this) {
    if (iequals(field.name, name)) return field.value;
  }
  return std::nullopt;
}

// `name` and `value` may be views into this object: a view is not read after its string has
// changed.
void Headers::set(std::string_view name, std::string_view value) {
  std::size_t at = 0;
  while (at < size_ && !iequals(fields_[at].name, name)) ++at;
  if (at == size_) return add(name, value);
  assign_text(fields_[at].name, name);
  assign_text(fields_[at].value, value);
  remove_from(at + 1, fields_[at].name);
}

void Headers::add(std::string_view name, std::string_view value) {
  if (size_ == fields_.size()) {
    fields_.push_back(Field{std::string(name), std::string(value)});
  } else {
    assign_text(fields_[size_].name, name);
    assign_text(fields_[size_].value, value);
  }
  ++size_;
}

std::size_t Headers::remove(std::string_view name) { return remove_from(0, std::string(name)); }

// Removed fields become spare slots behind the end, and keep their capacity.
std::size_t Headers::remove_from(std::size_t first, const std::string& name) {
  std::size_t kept = first;
  for (std::size_t at = first; at < size_; ++at) {
    if (iequals(fields_[at].name, name)) continue;
    if (kept != at) std::swap(fields_[kept], fields_[at]);
    ++kept;
  }
  const std::size_t removed = size_ - std::min(kept, size_);
  size_ -= removed;
  return removed;
}

}  // namespace sluice::http
