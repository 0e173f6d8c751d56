// SPDX-License-Identifier: Apache-2.0
// The words of a configuration file of nginx.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::egctl::nginx {

struct Token {
  enum class Kind { word, semicolon, open, close, end } kind = Kind::end;
  std::string text{};  // of a word, without quotes and escapes
  unsigned line = 1;
  bool quoted = false;
};

class Lexer {
 public:
  // Requires: `text` outlives this.
  explicit Lexer(std::string_view text) : rest_(text) {}
  // Error `invalid`: "line 3: a quote is not closed".
  [[nodiscard]] Result<Token> next();
  // After the brace that opens it: passes over a block of Lua with the brace that closes it. Error
  // `invalid`: there is none.
  [[nodiscard]] Result<void> skip_lua();

 private:
  void skip();
  void skip_lua_text();
  [[nodiscard]] Result<Token> quoted(Token token);
  [[nodiscard]] Token bare(Token token);
  char take();

  std::string_view rest_;
  unsigned line_ = 1;
};

}  // namespace sluice::egctl::nginx
