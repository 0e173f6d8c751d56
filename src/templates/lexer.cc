// SPDX-License-Identifier: Apache-2.0
#include "templates/lexer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "base/utf8.h"
#include "config/faults.h"

namespace sluice::templates {
namespace {

bool is_name_char(char c) { return is_alphanumeric(c) || c == '_' || (c & 0x80) != 0; }

std::string_view trim_left(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

std::string_view trim_right(std::string_view text) {
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

class Lexer {
 public:
  Lexer(std::string_view text, const Delimiters& delimiters)
      : rest_(text), delimiters_(delimiters) {}

  Result<std::vector<Token>> run() {
    while (!rest_.empty()) {
      lex_text();
      if (rest_.empty()) break;
      SLUICE_CHECK(lex_action());
    }
    add(TokenKind::end);
    return std::move(tokens_);
  }

 private:
  std::unexpected<Error> fault(const std::string& reason) const {
    return fail(ErrorKind::invalid, "line " + std::to_string(line_) + ": " + reason);
  }
  std::string_view take(std::size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    line_ += static_cast<int>(std::ranges::count(taken, '\n'));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  Token& add(TokenKind kind, std::string text = {}) {
    Token& token = tokens_.emplace_back();
    token.kind = kind;
    token.text = std::move(text);
    token.line = line_;
    token.after_space = std::exchange(spaced_, false);
    return token;
  }
  // A trim marker is a minus sign with white space on its inner side.
  [[nodiscard]] bool trims_before() const {
    const std::string_view inside = rest_.substr(delimiters_.left.size());
    return inside.size() > 1 && inside[0] == '-' && is_space(inside[1]);
  }
  [[nodiscard]] bool at_close(std::size_t skip = 0) const {
    return rest_.substr(std::min(skip, rest_.size())).starts_with(delimiters_.right);
  }
  [[nodiscard]] bool at_trimming_close() const { return rest_.starts_with('-') && at_close(1); }

  void lex_text() {
    const std::size_t size = std::min(rest_.find(delimiters_.left), rest_.size());
    const int line = line_;
    std::string_view text = take(size);
    if (std::exchange(trim_next_, false)) text = trim_left(text);
    if (!rest_.empty() && trims_before()) text = trim_right(text);
    if (text.empty()) return;
    add(TokenKind::text, std::string(text)).line = line;
  }

  Result<void> lex_action() {
    const int line = line_;
    const bool trims = trims_before();
    take(delimiters_.left.size());
    if (trims) take(1);
    const std::string_view inside = trims ? trim_left(rest_) : rest_;
    if (inside.starts_with("/*")) {
      take(rest_.size() - inside.size());
      return lex_comment();
    }
    tokens_.push_back({.kind = TokenKind::open, .line = line});
    for (;;) {
      const std::size_t before = rest_.size();
      take(before - trim_left(rest_).size());
      spaced_ = rest_.size() != before;
      if (rest_.empty()) {
        line_ = line;
        return fault("the action is not closed: " + delimiters_.right + " is missing");
      }
      if (at_close() || (spaced_ && at_trimming_close())) break;
      SLUICE_CHECK(lex_token());
    }
    close();
    return {};
  }
  void close() {
    if (!at_close()) {
      take(1);
      trim_next_ = true;
    }
    add(TokenKind::close);
    take(delimiters_.right.size());
  }
  Result<void> lex_comment() {
    const std::size_t end = rest_.find("*/");
    if (end == std::string_view::npos) return fault("the comment is not closed: */ is missing");
    take(end + 2);
    const std::string_view inside = trim_left(rest_);
    if (inside.size() != rest_.size() && inside.starts_with('-')) {
      take(rest_.size() - inside.size() + 1);
      trim_next_ = true;
    }
    if (!at_close()) return fault("a comment fills its action: nothing may stand beside it");
    take(delimiters_.right.size());
    return {};
  }

  Result<void> lex_token() {
    const char c = rest_.front();
    if (c == '"') return lex_quoted();
    if (c == '`') return lex_raw();
    if (c == '\'') return lex_character();
    if (c == '$') return lex_variable();
    if (c == '.' && !(rest_.size() > 1 && is_digit(rest_[1]))) return lex_field();
    if (is_digit(c) || c == '.' || c == '-' || c == '+') return lex_number();
    if (is_name_char(c)) {
      add(TokenKind::word, std::string(take(name_size(0))));
      return {};
    }
    return lex_sign(c);
  }
  [[nodiscard]] std::size_t name_size(std::size_t from) const {
    std::size_t size = from;
    while (size < rest_.size() && is_name_char(rest_[size])) ++size;
    return size;
  }
  Result<void> lex_sign(char c) {
    if (rest_.starts_with(":=")) {
      add(TokenKind::declare);
      take(2);
      return {};
    }
    constexpr std::pair<char, TokenKind> kSigns[] = {{'|', TokenKind::pipe},
                                                     {',', TokenKind::comma},
                                                     {'(', TokenKind::left_paren},
                                                     {')', TokenKind::right_paren},
                                                     {'=', TokenKind::assign}};
    for (const auto& [sign, kind] : kSigns) {
      if (sign != c) continue;
      add(kind);
      take(1);
      return {};
    }
    return fault(config::quote(std::string(1, c)) + " has no meaning in an action");
  }
  Result<void> lex_variable() {
    add(TokenKind::variable, std::string(take(name_size(1))));
    return {};
  }
  Result<void> lex_field() {
    const std::size_t size = name_size(1);
    const std::string_view name = take(size).substr(1);
    add(name.empty() ? TokenKind::dot : TokenKind::field, std::string(name));
    return {};
  }

  Result<void> lex_raw() {
    const std::size_t end = rest_.find('`', 1);
    if (end == std::string_view::npos) return fault("a ` is missing at the end of a text");
    Token& token = add(TokenKind::string);
    token.text = take(end + 1).substr(1, end - 1);
    return {};
  }
  Result<void> lex_quoted() {
    SLUICE_TRY(std::string text, quoted('"'));
    add(TokenKind::string, std::move(text));
    return {};
  }
  Result<void> lex_character() {
    SLUICE_TRY(const std::string text, quoted('\''));
    const Utf8Char first = first_utf8_char(text);
    if (text.empty() || !first.valid || first.size != text.size())
      return fault("a single quote holds one character");
    add(TokenKind::integer).integer = first.value;
    return {};
  }
  Result<std::string> quoted(char quote) {
    std::string out;
    take(1);
    for (;;) {
      if (rest_.empty() || rest_.front() == '\n')
        return fault(std::string("a ") + quote + " is missing at the end of a text");
      const char c = take(1).front();
      if (c == quote) return out;
      if (c != '\\') {
        out += c;
      } else {
        SLUICE_CHECK(escape(out));
      }
    }
  }
  Result<void> escape(std::string& out) {
    if (rest_.empty()) return fault("a text ends with a backslash");
    const char c = take(1).front();
    constexpr std::string_view kPlain = "abfnrtv\\\"'";
    constexpr std::string_view kMeaning = "\a\b\f\n\r\t\v\\\"'";
    if (const std::size_t at = kPlain.find(c); at != std::string_view::npos) {
      out += kMeaning[at];
      return {};
    }
    const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    const auto value = to_number<std::uint64_t>(rest_.substr(0, digits), 16);
    const bool whole = digits > 0 && rest_.size() >= digits && value.has_value();
    if (!whole ||
        (digits > 2 && (*value > 0x10ffff || is_surrogate(static_cast<char32_t>(*value)))))
      return fault("\\" + std::string(1, c) + " is no escape");
    take(digits);
    if (digits == 2) {
      out += static_cast<char>(*value);
    } else {
      append_utf8(out, static_cast<char32_t>(*value));
    }
    return {};
  }

  Result<void> lex_number() {
    std::size_t size = 1;
    while (size < rest_.size() &&
           (is_name_char(rest_[size]) || rest_[size] == '.' ||
            ((rest_[size] == '-' || rest_[size] == '+') && to_lower(rest_[size - 1]) == 'e')))
      ++size;
    std::string_view text = rest_.substr(0, size);
    const std::string spelled(text);
    if (text.starts_with('+')) text.remove_prefix(1);
    const bool hex = text.starts_with("0x") || text.starts_with("0X");
    if (const auto whole =
            hex ? to_number<std::int64_t>(text.substr(2), 16) : to_number<std::int64_t>(text)) {
      add(TokenKind::integer).integer = *whole;
    } else {
      double value = 0;
      const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
      const bool whole_text = end.ec == std::errc() && end.ptr == text.data() + text.size();
      if (!whole_text || !std::isfinite(value))
        return fault(config::quote(spelled) + " is no number");
      add(TokenKind::real).real = value;
    }
    take(size);
    return {};
  }

  std::string_view rest_;
  const Delimiters& delimiters_;
  std::vector<Token> tokens_;
  int line_ = 1;
  bool spaced_ = false;
  bool trim_next_ = false;
};

}  // namespace

Result<std::vector<Token>> tokenize(std::string_view text, const Delimiters& delimiters) {
  return Lexer(text, delimiters).run();
}

}  // namespace sluice::templates
