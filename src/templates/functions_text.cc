// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "base/json_string.h"
#include "base/text.h"
#include "base/text_search.h"
#include "templates/arguments.h"
#include "templates/function_parts.h"
#include "templates/functions.h"
#include "templates/parse_json.h"

namespace sluice::templates {
namespace {

std::unexpected<Error> too_long() { return fail(ErrorKind::too_large, "a text is too long"); }

// A list and a map as JSON, other values as they are printed.
Result<std::string> escaped_source(const Call& call) {
  if (const auto* node = call[0].node()) return json_text(**node);
  return text_of(call, 0);
}

Result<Datum> call_json_escape(const Call& call) {
  SLUICE_TRY(const std::string text, escaped_source(call));
  std::string quoted;
  append_json_string(text, quoted);
  return Datum(quoted.substr(1, quoted.size() - 2), TextForm::json_escaped);
}

Result<Datum> call_b64enc(const Call& call) {
  SLUICE_TRY(const std::string text, text_of(call, 0));
  return Datum(base64_encode(text));
}
Result<Datum> call_b64dec(const Call& call) {
  SLUICE_TRY(const std::string text, text_of(call, 0));
  auto bytes = base64_decode(text);
  if (!bytes) return wrong("b64dec needs standard Base64");
  return Datum(*std::move(bytes));
}
Result<Datum> call_sha256sum(const Call& call) {
  SLUICE_TRY(const std::string text, text_of(call, 0));
  return Datum(sha256_hex(text));
}

Result<Datum> call_replace(const Call& call) {
  SLUICE_TRY(const std::string old, text_of(call, 0));
  SLUICE_TRY(const std::string fresh, text_of(call, 1));
  SLUICE_TRY(const std::string text, text_of(call, 2));
  if (old.empty()) return wrong("replace needs a text to look for");
  std::string out;
  std::size_t at = 0;
  for (;;) {
    const std::size_t found = std::min(find_text(text, old, at), text.size());
    out.append(text, at, found - at);
    if (found == text.size()) return Datum(std::move(out));
    out += fresh;
    at = found + old.size();
    if (out.size() > call.bytes_max) return too_long();
  }
}

Result<Datum> call_trim(const Call& call) {
  SLUICE_TRY(const std::string text, text_of(call, 0));
  return Datum(std::string(trim_space(text)));
}
Result<Datum> call_trim_prefix(const Call& call) {
  SLUICE_TRY(const std::string part, text_of(call, 0));
  SLUICE_TRY(std::string text, text_of(call, 1));
  if (text.starts_with(part)) text.erase(0, part.size());
  return Datum(std::move(text));
}
Result<Datum> call_trim_suffix(const Call& call) {
  SLUICE_TRY(const std::string part, text_of(call, 0));
  SLUICE_TRY(std::string text, text_of(call, 1));
  if (text.ends_with(part)) text.resize(text.size() - part.size());
  return Datum(std::move(text));
}
Result<Datum> call_has_prefix(const Call& call) {
  SLUICE_TRY(const std::string part, text_of(call, 0));
  SLUICE_TRY(const std::string text, text_of(call, 1));
  return Datum(text.starts_with(part));
}
Result<Datum> call_has_suffix(const Call& call) {
  SLUICE_TRY(const std::string part, text_of(call, 0));
  SLUICE_TRY(const std::string text, text_of(call, 1));
  return Datum(text.ends_with(part));
}
Result<Datum> call_contains(const Call& call) {
  SLUICE_TRY(const std::string part, text_of(call, 0));
  SLUICE_TRY(const std::string text, text_of(call, 1));
  return Datum(find_text(text, part) != std::string::npos);
}

// ASCII letters only.
Result<Datum> call_lower(const Call& call) {
  SLUICE_TRY(const std::string text, text_of(call, 0));
  return Datum(lower_case(text));
}
Result<Datum> call_upper(const Call& call) {
  SLUICE_TRY(std::string text, text_of(call, 0));
  std::ranges::transform(text, text.begin(),
                         [](char c) { return is_lower(c) ? static_cast<char>(c - 0x20) : c; });
  return Datum(std::move(text));
}

Result<Datum> call_quote(const Call& call) {
  std::string out;
  for (std::size_t i = 0; i < call.size(); ++i) {
    if (call[i].is_null()) continue;
    if (!out.empty()) out += ' ';
    append_json_string(call[i].text(), out);
  }
  return Datum(std::move(out), TextForm::json);
}
Result<Datum> call_squote(const Call& call) {
  std::string out;
  for (std::size_t i = 0; i < call.size(); ++i) {
    if (call[i].is_null()) continue;
    if (!out.empty()) out += ' ';
    out += "'" + call[i].text() + "'";
  }
  return Datum(std::move(out), TextForm::single_quoted);
}

Result<Datum> call_join(const Call& call) {
  SLUICE_TRY(const std::string separator, text_of(call, 0));
  SLUICE_TRY(const Datum::Node list, list_of(call, 1));
  std::string out;
  for (std::size_t i = 0; i < list->size(); ++i) {
    if (i > 0) out += separator;
    out += Datum::borrowed_json((*list)[i]).text();
    if (out.size() > call.bytes_max) return too_long();
  }
  return Datum(std::move(out));
}
Result<Datum> call_split_list(const Call& call) {
  SLUICE_TRY(const std::string separator, text_of(call, 0));
  SLUICE_TRY(const std::string text, text_of(call, 1));
  if (separator.empty()) return wrong("splitList needs a separator");
  Json list = Json::array();
  std::size_t at = 0;
  for (;;) {
    const std::size_t found = std::min(find_text(text, separator, at), text.size());
    list.push_back(text.substr(at, found - at));
    if (found == text.size()) return Datum(std::make_shared<const Json>(std::move(list)));
    if (list.size() == kJsonValuesMax) return too_long();
    at = found + separator.size();
  }
}

constexpr std::size_t kAll = Function::kAnyNumber;

constexpr std::array kTextFunctions = {
    Function{"jsonEscape", 1, 1, call_json_escape},
    Function{"b64enc", 1, 1, call_b64enc},
    Function{"b64dec", 1, 1, call_b64dec},
    Function{"sha256sum", 1, 1, call_sha256sum},
    Function{"replace", 3, 3, call_replace},
    Function{"trim", 1, 1, call_trim},
    Function{"trimPrefix", 2, 2, call_trim_prefix},
    Function{"trimSuffix", 2, 2, call_trim_suffix},
    Function{"hasPrefix", 2, 2, call_has_prefix},
    Function{"hasSuffix", 2, 2, call_has_suffix},
    Function{"contains", 2, 2, call_contains},
    Function{"lower", 1, 1, call_lower},
    Function{"upper", 1, 1, call_upper},
    Function{"quote", 1, kAll, call_quote},
    Function{"squote", 1, kAll, call_squote},
    Function{"join", 2, 2, call_join},
    Function{"splitList", 2, 2, call_split_list},
};

}  // namespace

std::span<const Function> text_functions() { return kTextFunctions; }

}  // namespace sluice::templates
