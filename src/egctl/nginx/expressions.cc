// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/expressions.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "router/pattern.h"

namespace sluice::egctl::nginx {
namespace {

constexpr std::string_view kSpecial = "\\^$.|?*+()[]{}";

bool is_special(char c) { return kSpecial.find(c) != std::string_view::npos; }
bool is_quantifier(char c) { return c == '?' || c == '*' || c == '+' || c == '{'; }

std::optional<router::Pattern> compiled(const std::string& text) {
  config::Faults faults;
  auto pattern = router::Pattern::compile(text, "", faults);
  return faults.empty() ? std::move(pattern) : std::nullopt;
}

// The first element of `text`: a character, an escape, or a class.
std::size_t element_size(std::string_view text) {
  if (text[0] == '\\') return std::min<std::size_t>(2, text.size());
  if (text[0] != '[') return 1;
  std::size_t at = text.starts_with("[^") ? 2 : 1;
  if (at < text.size() && text[at] == ']') ++at;
  while (at < text.size() && text[at] != ']') at += text[at] == '\\' ? 2 : 1;
  return std::min(at + 1, text.size());
}

// The size of the group that `text` begins with.
std::size_t group_size(std::string_view text) {
  int depth = 0;
  for (std::size_t at = 0; at < text.size();) {
    depth += text[at] == '(' ? 1 : text[at] == ')' ? -1 : 0;
    at += element_size(text.substr(at));
    if (depth == 0) return at;
  }
  return text.size();
}

bool is_look_around(std::string_view text) {
  return text.starts_with("(?=") || text.starts_with("(?!") || text.starts_with("(?<=") ||
         text.starts_with("(?<!");
}

// To PCRE, a vertical tab is a blank.
std::string with_all_blanks(std::string_view element) {
  if (element == "\\s") return "[\\s\\v]";
  if (element == "\\S") return "[^\\s\\v]";
  std::string out(element);
  if (element[0] != '[') return out;
  for (std::size_t at = 1; at + 1 < out.size(); at += out[at] == '\\' ? 2 : 1) {
    if (out.compare(at, 2, "\\s") == 0) out.insert(at + 2, "\\v"), at += 2;
  }
  return out;
}

// RE2's spelling of named groups and blanks.
std::string in_re2(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.starts_with("(?<") && !is_look_around(text)) {
      out += "(?P<";
      text.remove_prefix(3);
      continue;
    }
    const std::size_t size = element_size(text);
    out += with_all_blanks(text.substr(0, size));
    text.remove_prefix(size);
  }
  return out;
}

// Leaves out conditions and takes any text for a back reference: each change only adds matches.
std::string widen(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t size = element_size(text);
    if (is_look_around(text)) {
      size = group_size(text);
      out += "(?:)";
    } else if (text.starts_with("(?>")) {
      size = 3;
      out += "(?:";
    } else if (text[0] == '\\' && size == 2 && is_digit(text[1])) {
      out += "(?s:.*)";
    } else {
      out += text.substr(0, size);
      const bool quantifier = size == 1 && is_quantifier(text[0]) && text[0] != '{';
      if (quantifier && text.size() > 1 && text[1] == '+') ++size;  // possessive
    }
    text.remove_prefix(size);
  }
  return out;
}

bool has_alternatives(std::string_view text) {
  while (!text.empty()) {
    if (text[0] == '|') return true;
    text.remove_prefix(text[0] == '(' ? group_size(text) : element_size(text));
  }
  return false;
}

// Removes the literal text at the beginning and returns it. A character with a quantifier is none.
std::string take_literal(std::string_view& text) {
  std::string out;
  while (!text.empty()) {
    const bool escaped = text[0] == '\\' && text.size() > 1 && !is_alphanumeric(text[1]);
    if (!escaped && is_special(text[0])) break;
    const std::size_t size = escaped ? 2 : 1;
    if (text.size() > size && is_quantifier(text[size])) break;
    out += text[size - 1];
    text.remove_prefix(size);
  }
  return out;
}

bool take_end(std::string_view& text) {
  for (const std::string_view end : {"(/|$)", "(?:/|$)", "($|/)", "(?:$|/)", "$"}) {
    if (!text.ends_with(end)) continue;
    text.remove_suffix(end.size());
    std::size_t escapes = 0;
    while (escapes < text.size() && text[text.size() - 1 - escapes] == '\\') ++escapes;
    return escapes % 2 == 0;
  }
  return false;
}

// "^/old/(.*)$" matches the same as "^/old/".
void take_any_rest(std::string_view& text) {
  for (const std::string_view end : {"(.*)$", "(.*)", ".*$", ".*"}) {
    if (!text.ends_with(end)) continue;
    const std::string_view rest = text.substr(0, text.size() - end.size());
    if (!rest.ends_with('\\')) text = rest;
    return;
  }
}

// "a|b|c" -> its texts; none: one of them is no plain text.
std::vector<std::string> plain_alternatives(std::string_view text) {
  if (text.starts_with("?:")) text.remove_prefix(2);
  std::vector<std::string> out;
  while (true) {
    out.push_back(take_literal(text));
    if (text.empty()) return out;
    if (text[0] != '|') return {};
    text.remove_prefix(1);
  }
}

// Each match ends with one of them: the last literal text of an expression, without its `$`.
std::vector<std::string> endings(std::string_view text) {
  std::string literal;
  std::vector<std::string> out;
  while (!text.empty()) {
    std::string next = take_literal(text);
    literal += next;
    out = {literal};
    if (text.empty()) return out;
    const std::size_t size = text[0] == '(' ? group_size(text) : element_size(text);
    if (text.size() == size && text[0] == '(') {
      out = plain_alternatives(text.substr(1, size - 2));
      for (std::string& one : out) one.insert(0, literal);
      return out;
    }
    literal.clear();
    out.clear();
    text.remove_prefix(size);
    while (!text.empty() && is_quantifier(text[0]))
      text.remove_prefix(text[0] == '{' ? std::min(text.find('}'), text.size() - 1) + 1 : 1);
  }
  return out;
}

bool may_end(const std::string& ending, const std::string& file) {
  return file.ends_with(ending) || ending.ends_with(file);
}

}  // namespace

std::optional<Expression> expression_of(std::string_view pcre, bool any_case) {
  const std::string flag = any_case ? "(?i)" : "";
  Expression made{.text = flag + in_re2(pcre)};
  if (compiled(made.text)) return made;
  made = {.text = flag + in_re2(widen(pcre)), .wider = true};
  if (compiled(made.text)) return made;
  return std::nullopt;
}

std::optional<std::string> within(std::string_view prefix, const std::string& text) {
  std::string_view rest = text;
  const bool any_case = rest.starts_with("(?i)");
  if (any_case) rest.remove_prefix(4);
  if (has_alternatives(rest)) return std::nullopt;
  const bool from_start = rest.starts_with('^');
  std::string_view body = rest.substr(from_start ? 1 : 0);
  const std::string begin = take_literal(body);
  if (from_start)
    return begin.starts_with(prefix) && !any_case ? std::optional(text) : std::nullopt;
  // A match must not begin within the prefix.
  if (begin.empty()) return std::nullopt;
  const auto same = [&](char c) { return to_lower(c) == to_lower(begin[0]); };
  if (std::ranges::any_of(prefix, same)) return std::nullopt;
  return "^" + quote_expression(prefix) + "(?s:.*)" + (any_case ? "(?i:" : "(?:") +
         std::string(rest) + ")";
}

bool may_take_file(const std::string& text, const std::string& name) {
  std::string_view rest = text;
  const bool any_case = rest.starts_with("(?i)");
  if (any_case) rest.remove_prefix(4);
  if (has_alternatives(rest)) return true;
  take_any_rest(rest);
  if (take_end(rest)) {
    const std::vector<std::string> all = endings(rest);
    return all.empty() || std::ranges::any_of(all, [&](const std::string& one) {
             return may_end(lower_case(one), lower_case(name));
           });
  }
  if (rest.starts_with('^')) rest.remove_prefix(1);
  const std::string literal = take_literal(rest);
  if (!rest.empty() || literal.empty()) return true;
  const std::size_t slash = literal.rfind('/');
  const std::string last =
      lower_case(slash == std::string::npos ? literal : literal.substr(slash + 1));
  if (last.empty()) return false;
  const std::string file = lower_case(name);
  return slash == std::string::npos ? file.find(last) != std::string::npos : file.starts_with(last);
}

bool is_expression(const std::string& text) { return compiled(text).has_value(); }

bool found_in(const std::string& text, std::string_view path) {
  const auto pattern = compiled(text);
  return pattern && pattern->found_in(path);
}

std::optional<UrlPart> without_query(std::string_view pcre) {
  UrlPart out;
  const bool from_start = pcre.starts_with('^');
  if (from_start) pcre.remove_prefix(1);
  const bool to_end = pcre.ends_with('$') && !pcre.ends_with("\\$");
  if (to_end) pcre.remove_suffix(1);
  if (has_alternatives(pcre)) return std::nullopt;
  if (!from_start) out.text = "[^?]*?";
  while (!pcre.empty()) {
    const std::size_t size = element_size(pcre);
    std::string element(pcre.substr(0, size));
    if (element == "^" || element == "$" || element == "\\S" || element == "\\D" ||
        element == "\\W")
      return std::nullopt;
    if (element == "(" && pcre.starts_with("(?") && !pcre.starts_with("(?:")) return std::nullopt;
    if (element == "(" && !pcre.starts_with("(?:")) ++out.groups;
    if (element == ".") element = "[^?]";
    if (element.starts_with("[^")) element.insert(2, element == "[^?]" ? "" : "?");
    out.text += element;
    pcre.remove_prefix(size);
  }
  if (!to_end) out.text += "[^?]*";
  return out;
}

std::string quote_expression(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_special(c)) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace sluice::egctl::nginx
