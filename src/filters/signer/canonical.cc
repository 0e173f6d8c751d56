// SPDX-License-Identifier: Apache-2.0
#include "filters/signer/canonical.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/percent.h"
#include "base/text.h"
#include "http/headers.h"

namespace sluice::filters {
namespace {

constexpr std::size_t kDateSize = 8;

bool decode_text(std::string_view text, std::string& out) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  return http::percent_decode(spaced, out);
}

void append_collapsed(std::string& out, std::string_view value) {
  value = trim_ows(value);
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] != ' ' || value[i - 1] != ' ') out += value[i];
  }
}

std::string_view default_port(std::string_view scheme) { return scheme == "https" ? "443" : "80"; }

std::string_view canonical_host(const http::Request& request) {
  const std::string_view host = request.host;
  const std::size_t colon = host.rfind(':');
  const std::size_t bracket = host.rfind(']');
  if (colon == std::string_view::npos) return host;
  if (bracket != std::string_view::npos && bracket > colon) return host;
  const std::string_view port = host.substr(colon + 1);
  return port.empty() || port == default_port(request.scheme) ? host.substr(0, colon) : host;
}

void append_values(std::string& out, const http::Request& request, std::string_view name) {
  bool first = true;
  for (const http::Field& field : request.headers) {
    if (!http::iequals(field.name, name)) continue;
    if (!std::exchange(first, false)) out += ',';
    append_collapsed(out, field.value);
  }
}

void append_number(std::string& out, int number, std::size_t digits) {
  const std::string text = std::to_string(number);
  out.append(digits - std::min(digits, text.size()), '0');
  out += text;
}

std::optional<int> number_at(std::string_view text, std::size_t at, std::size_t digits) {
  const std::string_view part = text.substr(at, digits);
  if (!std::ranges::all_of(part, is_digit)) return std::nullopt;
  return to_number<int>(part);
}

}  // namespace

std::optional<QueryPairs> parse_query(std::string_view query) {
  QueryPairs pairs;
  while (!query.empty()) {
    const std::string_view pair = take_until(query, '&');
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    QueryPair& next = pairs.emplace_back();
    if (!decode_text(pair.substr(0, equals), next.name)) return std::nullopt;
    if (equals == std::string_view::npos) continue;
    if (!decode_text(pair.substr(equals + 1), next.value)) return std::nullopt;
  }
  return pairs;
}

std::string canonical_query(QueryPairs pairs) {
  std::ranges::sort(pairs);
  std::string out;
  for (const QueryPair& pair : pairs) {
    if (!out.empty()) out += '&';
    append_unreserved(out, pair.name);
    out += '=';
    append_unreserved(out, pair.value);
  }
  return out;
}

void drop_signature(const SignatureLiterals& literals, QueryPairs& pairs) {
  std::erase_if(pairs, [&](const QueryPair& pair) {
    return pair.name == literals.signature || pair.name == literals.algorithm_name ||
           pair.name == literals.credential || pair.name == literals.date ||
           pair.name == literals.expires || pair.name == literals.signed_headers;
  });
}

std::string canonical_path(std::string_view escaped_path) {
  if (escaped_path.empty()) return "/";
  std::string out;
  for (const char c : escaped_path) {
    if (c == '/') {
      out += c;
    } else {
      append_unreserved(out, {&c, 1});
    }
  }
  return out;
}

std::string canonical_headers(const http::Request& request, const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    out += name;
    out += ':';
    if (name == "host") {
      out += canonical_host(request);
    } else {
      append_values(out, request, name);
    }
    out += '\n';
  }
  return out;
}

std::string format_sign_time(SignTime when) {
  const auto day = std::chrono::floor<std::chrono::days>(when);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(when - day);
  std::string out;
  append_number(out, static_cast<int>(date.year()), 4);
  append_number(out, static_cast<int>(static_cast<unsigned>(date.month())), 2);
  append_number(out, static_cast<int>(static_cast<unsigned>(date.day())), 2);
  out += 'T';
  append_number(out, static_cast<int>(clock.hours().count()), 2);
  append_number(out, static_cast<int>(clock.minutes().count()), 2);
  append_number(out, static_cast<int>(clock.seconds().count()), 2);
  return out + 'Z';
}

std::optional<SignTime> parse_sign_time(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  const auto year = number_at(text, 0, 4);
  const auto month = number_at(text, 4, 2);
  const auto day = number_at(text, 6, 2);
  const auto hour = number_at(text, 9, 2);
  const auto minute = number_at(text, 11, 2);
  const auto second = number_at(text, 13, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

std::string SignatureTerms::scope(const SignatureLiterals& literals) const {
  std::string text = time.substr(0, kDateSize);
  for (const std::string& part : scopes) text += "/" + part;
  return text + "/" + literals.scope_suffix;
}

std::string join_names(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    if (!out.empty()) out += ';';
    out += name;
  }
  return out;
}

std::string signature_of(const http::Request& request, const SignatureTerms& terms,
                         const SignatureLiterals& literals, std::string_view secret) {
  const std::string canonical = request.method + "\n" + canonical_path(request.escaped_path) +
                                "\n" + terms.query + "\n" +
                                canonical_headers(request, terms.names) + "\n" +
                                join_names(terms.names) + "\n" + terms.body_hash;
  const std::string text = literals.algorithm_value + "\n" + terms.time + "\n" +
                           terms.scope(literals) + "\n" + sha256_hex(canonical);
  std::string key = literals.signing_key_prefix;
  key += secret;
  key = hmac_sha256(key, std::string_view(terms.time).substr(0, kDateSize));
  for (const std::string& part : terms.scopes) key = hmac_sha256(key, part);
  key = hmac_sha256(key, literals.scope_suffix);
  return hex_encode(hmac_sha256(key, text));
}

}  // namespace sluice::filters
