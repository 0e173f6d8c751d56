// SPDX-License-Identifier: Apache-2.0
// How text from outside gets into a line of the access log without looking like a part of the line.
// Immutable; any thread.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace sluice::observe {

class LineEscape {
 public:
  // A line of JSON: what JSON asks for (RFC 8259 section 7), and all beyond ASCII as \uNNNN, so
  // that a line is JSON and ASCII whatever was sent. Octets that are no UTF-8 become the text \xNN.
  [[nodiscard]] static LineEscape json();
  // Other lines: control characters, the backslash and octets above ASCII as \xNN, and those quotes
  // and separators ( " ' ` | ; , tab ) that `literals`, the text of the template, makes use of;
  // likewise a ] before a blank or at the end.
  [[nodiscard]] static LineEscape text(std::string_view literals);

  void append(std::string& out, std::string_view text) const;

 private:
  void append_special(std::string& out, std::string_view& text) const;

  std::array<bool, 256> special_{};
  bool json_ = false;
};

}  // namespace sluice::observe
