// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/host_port.h"
#include "base/text.h"
#include "templates/arguments.h"
#include "templates/function_parts.h"
#include "templates/functions.h"

namespace sluice::templates {
namespace {

Result<Datum> call_log(const Call& call) {
  SLUICE_TRY(const std::string level, text_of(call, 0));
  if (call.host != nullptr) call.host->log(level, call[1].text());
  return Datum(std::string());
}

// The first value of a header; "" if it is absent.
Result<Datum> header_value(const Datum& headers, const Datum& name) {
  SLUICE_TRY(const Datum values, headers.at(name));
  if (!values.is_list() || (*values.node())->empty()) return Datum(std::string());
  SLUICE_TRY(const Datum value, values.at(Datum(std::int64_t{0})));
  return value.words() != nullptr ? value : Datum(value.text());
}
Result<Datum> call_header(const Call& call) { return header_value(call[0], call[1]); }

// Of a request, or of its Authorization header: the user of Basic authentication (RFC 7617); "" if
// there is none.
Result<Datum> call_username(const Call& call) {
  SLUICE_TRY(const Datum headers, call[0].member("Header"));
  SLUICE_TRY(const Datum value, header_value(headers, Datum::borrowed_text("Authorization")));
  constexpr std::string_view kBasic = "basic ";
  const std::string_view words = *value.words();
  if (!lower_case(words).starts_with(kBasic)) return Datum(std::string());
  const auto pair = base64_decode(trim_ows(words.substr(kBasic.size())));
  const std::size_t colon = pair ? pair->find(':') : std::string::npos;
  return Datum(colon == std::string::npos ? std::string() : pair->substr(0, colon));
}

// Of a request, or of a text host:port.
Result<std::string> authority_of(const Call& call) {
  if (call[0].object() == nullptr) return text_of(call, 0);
  SLUICE_TRY(const Datum host, call[0].member("Host"));
  return host.text();
}
Result<Datum> call_host(const Call& call) {
  SLUICE_TRY(const std::string authority, authority_of(call));
  return Datum(std::string(without_brackets(split_host_port(authority).host)));
}
Result<Datum> call_port(const Call& call) {
  SLUICE_TRY(const std::string authority, authority_of(call));
  return Datum(std::string(split_host_port(authority).port().value_or("")));
}

Result<Datum> call_query_escape(const Call& call) {
  SLUICE_TRY(const std::string text, text_of(call, 0));
  constexpr std::string_view kUnreserved = "-_.~";
  std::string out;
  for (const char c : text) {
    if (is_alphanumeric(c) || kUnreserved.find(c) != std::string_view::npos) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      append_percent_encoded(out, c);
    }
  }
  return Datum(std::move(out));
}
Result<Datum> call_query_unescape(const Call& call) {
  SLUICE_TRY(const std::string text, text_of(call, 0));
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const auto octet = hex_decode(std::string_view(text).substr(i + 1, 2));
    if (!octet || octet->size() != 1) return wrong("a % is followed by two hex digits");
    out += *octet;
    i += 2;
  }
  return Datum(std::move(out));
}

using enum Function::Form;
using Reads = Function::Reads;

constexpr std::array kHttpFunctions = {
    Function{"log", 2, 2, call_log},
    Function{"header", 2, 2, call_header, call, Reads::keys},
    Function{"username", 1, 1, call_username},
    Function{"host", 1, 1, call_host},
    Function{"port", 1, 1, call_port},
    Function{"urlquery", 1, 1, call_query_escape},
    Function{"urlQueryEscape", 1, 1, call_query_escape},
    Function{"urlQueryUnescape", 1, 1, call_query_unescape},
};

}  // namespace

std::span<const Function> http_functions() { return kHttpFunctions; }

}  // namespace sluice::templates
