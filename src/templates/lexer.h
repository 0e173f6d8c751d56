// SPDX-License-Identifier: Apache-2.0
// Divides the text of a template into tokens. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::templates {

struct Delimiters {
  std::string left = "{{";
  std::string right = "}}";
};

enum class TokenKind : std::uint8_t {
  text,      // of the template, outside of actions
  open,      // the left delimiter
  close,     // the right delimiter
  dot,       // .
  field,     // .Name; `text` is the name
  variable,  // $name, or $
  word,      // a function or a keyword
  string,    // "…" or `…`; `text` is decoded
  integer,   // also of a character '…'
  real,
  pipe,         // |
  comma,        // ,
  left_paren,   // (
  right_paren,  // )
  declare,      // :=
  assign,       // =
  end
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text{};
  std::int64_t integer = 0;
  double real = 0;
  int line = 0;
  bool after_space = false;  // in an action: white space stands before it
};

// The last token is `end`. Comments and trimmed white space are left out. Errors: `invalid`, with
// the line.
[[nodiscard]] Result<std::vector<Token>> tokenize(std::string_view text,
                                                  const Delimiters& delimiters);

}  // namespace sluice::templates
