// SPDX-License-Identifier: Apache-2.0
#include "http/targeted_field.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"

namespace sluice::http {
namespace {

bool is_key_char(char c) {
  return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '*';
}
bool is_token_char(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~:/";
  return is_alphanumeric(c) || kOthers.contains(c);
}

enum class Type { boolean, integer, string, other };

struct BareItem {
  Type type = Type::boolean;
  std::string_view text = "?1";
};

// Parses RFC 9651 section 4.2. Malformed input makes the scanner bad; its earlier results are then
// invalid.
class ItemScanner {
 public:
  explicit ItemScanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool done() const { return rest_.empty(); }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip(std::string_view characters) {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(characters), rest_.size()));
  }
  void fail() { good_ = false; }

  std::string_view key() {
    if (rest_.empty() || !(is_lower(rest_.front()) || rest_.front() == '*')) fail();
    return take_while(is_key_char);
  }
  BareItem item() {
    const BareItem value = bare_item();
    parameters();
    return value;
  }
  BareItem inner_list() {
    for (;;) {
      skip(" ");
      if (take(')')) break;
      (void)item();
      if (!good_ || !(rest_.starts_with(' ') || rest_.starts_with(')'))) {
        fail();
        break;
      }
    }
    parameters();
    return {Type::other, {}};
  }
  void parameters() {
    while (good_ && take(';')) {
      skip(" ");
      (void)key();
      if (take('=')) (void)bare_item();
    }
  }

 private:
  template <class Is>
  std::string_view take_while(Is is) {
    const auto end = std::ranges::find_if_not(rest_, is);
    const std::string_view taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  BareItem bare_item() {
    const char first = rest_.empty() ? '\0' : rest_.front();
    if (is_digit(first) || first == '-') return number();
    if (first == '"') return string();
    if (is_alpha(first) || first == '*') return {Type::other, take_while(is_token_char)};
    if (take('?')) {
      if (!rest_.starts_with('0') && !rest_.starts_with('1')) fail();
      const std::string_view text = rest_.substr(0, 1);
      rest_.remove_prefix(text.size());
      return {Type::boolean, text == "0" ? "?0" : "?1"};
    }
    if (take('@')) return {number().type == Type::integer ? Type::other : bad(), {}};
    if (take('%')) return {string().type == Type::string ? Type::other : bad(), {}};
    if (take(':')) {
      (void)take_while(
          [](char c) { return is_alphanumeric(c) || c == '+' || c == '/' || c == '='; });
      if (!take(':')) fail();
      return {Type::other, {}};
    }
    return {bad(), {}};
  }
  Type bad() {
    fail();
    return Type::other;
  }
  BareItem number() {
    constexpr std::size_t kDigitsMax = 15;
    const std::string_view begin = rest_;
    (void)take('-');
    const std::size_t whole = take_while(is_digit).size();
    if (whole == 0 || whole > kDigitsMax) fail();
    if (!take('.')) return {Type::integer, begin.substr(0, begin.size() - rest_.size())};
    const std::size_t fraction = take_while(is_digit).size();
    if (fraction == 0 || fraction > 3 || whole > 12) fail();
    return {Type::other, {}};
  }
  BareItem string() {
    const std::string_view begin = rest_;
    if (!take('"')) return {bad(), {}};
    while (good_ && !take('"')) {
      const bool escape = take('\\');
      const char c = rest_.empty() ? '\0' : rest_.front();
      if (c < ' ' || c > '~' || (escape && c != '"' && c != '\\')) return {bad(), {}};
      rest_.remove_prefix(1);
    }
    return {Type::string, begin.substr(0, begin.size() - rest_.size())};
  }

  std::string_view rest_;
  bool good_ = true;
};

constexpr std::array<std::string_view, 4> kSeconds = {"max-age", "s-maxage",
                                                      "stale-while-revalidate", "stale-if-error"};
constexpr std::array<std::string_view, 8> kFlags = {
    "no-store",        "no-cache",         "private",         "public",
    "must-revalidate", "proxy-revalidate", "must-understand", "no-transform"};

// If a key occurs twice, the last value counts.
class Directives {
 public:
  // Returns false if the value has the wrong type.
  bool note(std::string_view key, const BareItem& value) {
    for (std::size_t i = 0; i < kSeconds.size(); ++i) {
      if (key != kSeconds.at(i)) continue;
      seconds_.at(i) = value.text;
      return value.type == Type::integer;
    }
    for (std::size_t i = 0; i < kFlags.size(); ++i) {
      if (key != kFlags.at(i)) continue;
      flags_.at(i) = value;
      const bool names = key == "no-cache" || key == "private";
      return value.type == Type::boolean || (names && value.type == Type::string);
    }
    return true;
  }
  // Returns the directives as Cache-Control has them.
  [[nodiscard]] CacheControl control() const {
    std::string text;
    for (std::size_t i = 0; i < kSeconds.size(); ++i) {
      if (!seconds_.at(i).empty())
        text.append(kSeconds.at(i)).append("=").append(seconds_.at(i)).append(",");
    }
    for (std::size_t i = 0; i < kFlags.size(); ++i) {
      const auto& flag = flags_.at(i);
      if (!flag || flag->text == "?0") continue;
      text.append(kFlags.at(i)).append(",");
    }
    Headers headers;
    headers.add("Cache-Control", text);
    return parse_cache_control(headers);
  }

 private:
  std::array<std::string_view, kSeconds.size()> seconds_;
  std::array<std::optional<BareItem>, kFlags.size()> flags_;
};

}  // namespace

std::optional<CacheControl> parse_targeted_field(std::string_view value) {
  ItemScanner in(value);
  Directives directives;
  in.skip(" ");
  if (in.done()) return std::nullopt;
  for (;;) {
    const std::string_view key = in.key();
    BareItem member;
    if (in.take('=')) {
      member = in.take('(') ? in.inner_list() : in.item();
    } else {
      in.parameters();
    }
    if (!in.good() || !directives.note(key, member)) return std::nullopt;
    in.skip(" \t");
    if (in.done()) return directives.control();
    if (!in.take(',')) return std::nullopt;
    in.skip(" \t");
    if (in.done()) return std::nullopt;  // a trailing comma
  }
}

}  // namespace sluice::http
