// SPDX-License-Identifier: Apache-2.0
// Escapes external text for a line of the access log, so that it cannot forge a part of the line.
// Immutable; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::observe {

class LineEscape {
 public:
  // A JSON line: escapes as JSON requires (RFC 8259 section 7), and everything beyond ASCII as
  // \uNNNN. So a line is JSON and ASCII for any input. Octets that are not UTF-8 become the text
  // \xNN.
  [[nodiscard]] static LineEscape json();
  // Other lines: writes control characters, the backslash and octets above ASCII as \xNN. The
  // quotes and separators " ' ` | ; , ] ) > and } become \xNN, too, if they occur in `literals`,
  // the text of the template. A ] within a word stays.
  [[nodiscard]] static LineEscape text(std::string_view literals);

  static constexpr std::size_t kGrowthMax = 6;  // bytes for one of `text`

  // Appends `text` with escapes.
  void append(std::string& out, std::string_view text) const;
  // Writes `text` with escapes to `at`, and returns the end. Requires: there is room for kGrowthMax
  // times as much.
  [[nodiscard]] char* write(char* at, std::string_view text) const {
    const char* const end = text.data() + text.size();
    for (const char* from = text.data(); from != end; ++from) {
      if (special_[static_cast<unsigned char>(*from)]) [[unlikely]]
        return write_special(at, {from, end});
      *at++ = *from;
    }
    return at;
  }

 private:
  void append_special(std::string& out, std::string_view& text) const;
  [[nodiscard]] char* write_special(char* at, std::string_view text) const;

  std::array<bool, 256> special_{};
  bool json_ = false;
};

}  // namespace sluice::observe
