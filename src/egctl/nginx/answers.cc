// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/answers.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/text.h"
#include "egctl/nginx/expressions.h"
#include "http/message.h"

namespace sluice::egctl::nginx {
namespace {

constexpr int kMoved = 301;
constexpr int kFound = 302;

bool is_redirect(int code) { return code >= 301 && code <= 308 && code != 304 && code != 305; }

// The parts of a URL that an expression finds: $1 is the scheme, $2 the host with its port, $3 the
// host, $4 path and query, $5 the path, $6 the query with its mark.
struct UrlMatch {
  std::string scheme = "https?";
  std::string host = "[^/]*?";
  [[nodiscard]] std::string site() const {
    return "^(" + scheme + ")://((" + host + ")(?::[0-9]+)?)";
  }
  [[nodiscard]] std::string whole() const { return site() + "((/[^?]*)?(\\?.*)?)$"; }
};

using Value = std::pair<std::string_view, std::string>;  // of a variable

// nullopt: there is another variable in it.
std::optional<std::string> with_values(std::string_view text, const std::vector<Value>& values) {
  std::string out;
  while (!text.empty()) {
    const std::size_t dollar = std::min(text.find('$'), text.size());
    out += text.substr(0, dollar);
    text.remove_prefix(dollar);
    if (text.empty()) break;
    const auto fits = [text](const Value& value) {
      const std::string_view rest = text.substr(std::min(value.first.size(), text.size()));
      return text.starts_with(value.first) &&
             (rest.empty() || !(is_alphanumeric(rest[0]) || rest[0] == '_'));
    };
    const auto found = std::ranges::find_if(values, fits);
    if (found == values.end()) return std::nullopt;
    out += found->second;
    text.remove_prefix(found->first.size());
  }
  return out;
}

std::vector<Value> values_of_site(const std::string& server_name) {
  std::vector<Value> values = {{"$scheme", "${1}"}, {"$http_host", "${2}"}, {"$host", "${3}"}};
  if (!server_name.empty() && server_name.find_first_of("$~*") == std::string::npos)
    values.emplace_back("$server_name", server_name);
  return values;
}

Json redirector(int code, const std::string& match, const std::string& replacement) {
  return {{"name", "redirect"},  {"kind", "Redirector"}, {"match", match},
          {"matchPart", "full"}, {"statusCode", code},   {"replacement", replacement}};
}

std::optional<Json> redirect(int code, const std::string& url, const std::string& server_name,
                             const UrlMatch& match) {
  std::vector<Value> values = values_of_site(server_name);
  // The longer text first.
  values.emplace_back("$is_args$args", "${6}");
  values.emplace_back("$is_args$query_string", "${6}");
  values.emplace_back("$request_uri", "${4}");
  values.emplace_back("$uri", "${5}");
  const bool whole = url.starts_with("http") || url.starts_with("$scheme") || url.starts_with('/');
  const auto replacement = with_values(url, values);
  if (!whole || !replacement) return std::nullopt;
  return redirector(code, match.whole(), *replacement);
}

std::optional<Json> redirect_of_return(const Directive& directive, const std::string& server_name,
                                       const UrlMatch& match) {
  const std::vector<std::string>& words = directive.words;
  if (words.size() == 1 && words[0].starts_with("http"))
    return redirect(kFound, words[0], server_name, match);
  const auto code = words.size() == 2 ? to_number<int>(words[0]) : std::nullopt;
  if (!code || !is_redirect(*code)) return std::nullopt;
  return redirect(*code, words[1], server_name, match);
}

bool is_url(const std::string& text) {
  return text.starts_with("http://") || text.starts_with("https://") || text.starts_with("$scheme");
}

// 0: it redirects nobody, or not with these words.
int status_of_rewrite(const std::vector<std::string>& words) {
  if (words.size() == 3 && words[2] == "permanent") return kMoved;
  if (words.size() == 3 && words[2] == "redirect") return kFound;
  return words.size() == 2 && is_url(words[1]) ? kFound : 0;
}

// Group `number` of a rewrite's expression, behind those of the site.
std::string group(int number) {
  constexpr int kGroupsOfSite = 3;
  return "${" + std::to_string(number + kGroupsOfSite) + "}";
}

std::vector<Value> values_with_groups(const std::string& server_name, int groups) {
  constexpr std::array<std::string_view, 9> kNames = {"$1", "$2", "$3", "$4", "$5",
                                                      "$6", "$7", "$8", "$9"};
  std::vector<Value> values = values_of_site(server_name);
  int number = 0;
  for (const std::string_view name : kNames) {
    if (++number <= groups) values.emplace_back(name, group(number));
  }
  return values;
}

// `if ($host = NAME)` and `if ($scheme = http)`. nullopt: another condition.
std::optional<UrlMatch> condition(const Directive& directive) {
  std::string text;
  for (const std::string& word : directive.words) text += (text.empty() ? "" : " ") + word;
  if (!text.starts_with('(') || !text.ends_with(')')) return std::nullopt;
  text = std::string(trim_space(std::string_view(text).substr(1, text.size() - 2)));
  UrlMatch match;
  if (text == "$scheme = http" || text == "$scheme != https") {
    match.scheme = "http";
  } else if (text.starts_with("$host = ")) {
    match.host = "(?i:" + quote_expression(trim_space(text.substr(8))) + ")";
  } else {
    return std::nullopt;
  }
  return match;
}

}  // namespace

Json mock(int code, const std::string& body, const std::string& type) {
  Json rule = {{"code", code}};
  if (!body.empty()) rule["body"] = body;
  if (!body.empty() && !type.empty()) rule["headers"] = {{"Content-Type", type}};
  return {{"name", "answer"}, {"kind", "Mock"}, {"rules", Json::array({rule})}};
}

std::optional<Json> answer_filter(const Directive& directive, const std::string& server_name,
                                  const std::string& type) {
  const std::vector<std::string>& words = directive.words;
  if (auto made = redirect_of_return(directive, server_name, {})) return made;
  const auto code = words.empty() || words.size() > 2 ? std::nullopt : to_number<int>(words[0]);
  if (!code || *code < 200 || *code > 599 || is_redirect(*code)) return std::nullopt;
  const std::string text = words.size() > 1 ? words[1] : "";
  if (text.find('$') != std::string::npos) return std::nullopt;
  return mock(*code, text, type);
}

bool takes_all(const std::string& expression) {
  constexpr std::array<std::string_view, 7> kAlways = {"^",     "^/",   "^(.*)$", "^/(.*)$",
                                                       "^(.*)", "^.*$", ".*"};
  return std::ranges::find(kAlways, expression) != kAlways.end();
}

std::optional<Json> redirect_of_rewrite(const Directive& directive,
                                        const std::string& server_name) {
  const std::vector<std::string>& words = directive.words;
  const int code = status_of_rewrite(words);
  if (code == 0) return std::nullopt;
  std::string url = words[1];
  const bool drops_query = url.ends_with('?');
  if (drops_query) url.pop_back();
  if (drops_query && takes_all(words[0])) {
    if (auto made = redirect(code, url, server_name, {})) return made;
  }
  const auto part = without_query(words[0]);
  if (!part || url.find('?') != std::string::npos) return std::nullopt;
  const auto replacement = with_values(url, values_with_groups(server_name, part->groups));
  const std::string match = UrlMatch().site() + part->text + "(\\?.*)?$";
  if (!replacement || !is_expression(match)) return std::nullopt;
  if (!is_url(url) && !url.starts_with('/')) return std::nullopt;
  return redirector(code, match, *replacement + (drops_query ? "" : group(part->groups + 1)));
}

bool is_break(const Directive& rewrite) {
  return rewrite.words.size() == 3 && rewrite.words[2] == "break";
}

// nginx replaces the whole path, and a rewriteTarget what the expression has found.
std::optional<std::string> path_of_break(const Directive& rewrite) {
  if (!is_break(rewrite)) return std::nullopt;
  const std::string& match = rewrite.words[0];
  const bool whole = match.starts_with('^') && (match.ends_with("(.*)") || match.ends_with('$')) &&
                     !match.ends_with("\\$");
  std::string_view text = rewrite.words[1];
  if (!whole || !text.starts_with('/') || text.find('?') != std::string_view::npos)
    return std::nullopt;
  std::string target;
  while (!text.empty()) {
    const std::size_t dollar = std::min(text.find('$'), text.size());
    target += text.substr(0, dollar);
    text.remove_prefix(dollar);
    if (text.empty()) break;
    if (text.size() < 2 || !is_digit(text[1]) || text[1] == '0') return std::nullopt;
    target += "${" + std::string(1, text[1]) + "}";
    text.remove_prefix(2);
  }
  return target;
}

Json slash_redirect(const std::string& path) {
  std::string url;
  for (const char c : http::percent_encode_path(path)) url += c == '$' ? "$$" : std::string(1, c);
  return redirector(kMoved, UrlMatch().whole(), url + "${6}");
}

std::optional<Json> redirect_of_if(const Directive& directive, const std::string& server_name) {
  if (directive.block.size() != 1) return std::nullopt;
  const auto match = condition(directive);
  const Directive& inner = directive.block[0];
  if (!match || inner.name != "return") return std::nullopt;
  return redirect_of_return(inner, server_name, *match);
}

}  // namespace sluice::egctl::nginx
