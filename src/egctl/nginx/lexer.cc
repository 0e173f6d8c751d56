// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/lexer.h"

namespace sluice::egctl::nginx {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// nginx keeps the backslash before any other character, for its regular expressions.
void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"':
    case '\'':
    case '\\':
      out += c;
      return;
    case 't':
      out += '\t';
      return;
    case 'r':
      out += '\r';
      return;
    case 'n':
      out += '\n';
      return;
    default:
      out += '\\';
      out += c;
  }
}

}  // namespace

char Lexer::take() {
  const char c = rest_.front();
  rest_.remove_prefix(1);
  if (c == '\n') ++line_;
  return c;
}

// Blanks and comments.
void Lexer::skip() {
  while (!rest_.empty()) {
    if (rest_.front() == '#') {
      while (!rest_.empty() && rest_.front() != '\n') rest_.remove_prefix(1);
    } else if (is_space(rest_.front())) {
      (void)take();
    } else {
      return;
    }
  }
}

Result<Token> Lexer::next() {
  skip();
  Token token{.line = line_};
  if (rest_.empty()) return token;
  switch (rest_.front()) {
    case ';':
      token.kind = Token::Kind::semicolon;
      break;
    case '{':
      token.kind = Token::Kind::open;
      break;
    case '}':
      token.kind = Token::Kind::close;
      break;
    case '"':
    case '\'':
      return quoted(std::move(token));
    default:
      return bare(std::move(token));
  }
  (void)take();
  return token;
}

Result<Token> Lexer::quoted(Token token) {
  token.kind = Token::Kind::word;
  token.quoted = true;
  const char quote = take();
  while (!rest_.empty() && rest_.front() != quote) {
    const char c = take();
    if (c == '\\' && !rest_.empty()) {
      append_escaped(token.text, take());
    } else {
      token.text += c;
    }
  }
  if (rest_.empty()) {
    return fail(ErrorKind::invalid,
                "line " + std::to_string(token.line) + ": a quote is not closed");
  }
  (void)take();
  return token;
}

// A comment, a text in quotes or brackets, or a character.
void Lexer::skip_lua_text() {
  const bool comment = rest_.starts_with("--");
  if (comment) rest_.remove_prefix(2);
  std::string_view end;
  if (rest_.starts_with("[[")) {
    end = "]]";
  } else if (comment) {
    end = "\n";
  } else if (rest_.front() == '"' || rest_.front() == '\'') {
    end = rest_.substr(0, 1);
  }
  if (end != "\n") (void)take();
  if (end.empty()) return;
  while (!rest_.empty() && !rest_.starts_with(end)) {
    if (take() == '\\' && end.size() == 1 && end != "\n" && !rest_.empty()) (void)take();
  }
  for (std::size_t i = 0; i < end.size() && !rest_.empty(); ++i) (void)take();
}

Result<void> Lexer::skip_lua() {
  const unsigned begin = line_;
  for (int depth = 1; !rest_.empty();) {
    if (rest_.front() == '{') ++depth;
    if (rest_.front() == '}' && --depth == 0) {
      (void)take();
      return {};
    }
    skip_lua_text();
  }
  return fail(ErrorKind::invalid,
              "line " + std::to_string(begin) + ": the block that begins here is not closed");
}

// A brace ends a word, unless it is that of ${variable}.
Token Lexer::bare(Token token) {
  token.kind = Token::Kind::word;
  char before = 0;
  while (!rest_.empty()) {
    const char c = rest_.front();
    if (is_space(c) || c == ';' || (c == '{' && before != '$')) break;
    (void)take();
    if (c == '\\' && !rest_.empty()) {
      append_escaped(token.text, take());
      before = 0;
      continue;
    }
    token.text += c;
    before = c;
  }
  return token;
}

}  // namespace sluice::egctl::nginx
