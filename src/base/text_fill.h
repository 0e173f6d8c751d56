// SPDX-License-Identifier: Apache-2.0
// Fills strings on the path of a request: in line, where std::string calls a function for each
// piece.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace sluice {

// As to.assign(text), but in line if `to` has the room. `text` may be a part of `to`.
inline void assign_text(std::string& to, std::string_view text) {
  if (text.size() > to.capacity()) {
    to.assign(text);
    return;
  }
  to.resize_and_overwrite(text.size(), [text](char* out, std::size_t) {
    if (!text.empty()) std::memmove(out, text.data(), text.size());
    return text.size();
  });
}

// Appends the texts, and makes room once. No text is a part of `out`.
template <std::same_as<std::string_view>... Texts>
void append_texts(std::string& out, Texts... texts) {
  const std::size_t before = out.size();
  const std::size_t size = before + (texts.size() + ...);
  // libstdc++ 12 passes the new capacity, which may be more than `size`.
  out.resize_and_overwrite(size, [&](char* begin, std::size_t) {
    char* at = begin + before;
    ((at = std::copy(texts.begin(), texts.end(), at)), ...);
    return size;
  });
}

}  // namespace sluice
