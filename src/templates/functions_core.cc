// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "templates/arguments.h"
#include "templates/format.h"
#include "templates/function_parts.h"
#include "templates/functions.h"
#include "templates/parse_json.h"

namespace sluice::templates {
namespace {

Result<Datum> call_not(const Call& call) { return Datum(!call[0].truth()); }

// The first is equal to one of the others.
Result<Datum> call_eq(const Call& call) {
  for (std::size_t i = 1; i < call.size(); ++i) {
    SLUICE_TRY(const bool same, equal(call[0], call[i]));
    if (same) return Datum(true);
  }
  return Datum(false);
}
Result<Datum> call_ne(const Call& call) {
  SLUICE_TRY(const bool same, equal(call[0], call[1]));
  return Datum(!same);
}
Result<Datum> call_lt(const Call& call) {
  SLUICE_TRY(const bool before, less(call[0], call[1]));
  return Datum(before);
}
Result<Datum> call_ge(const Call& call) {
  SLUICE_TRY(const bool before, less(call[0], call[1]));
  return Datum(!before);
}
Result<Datum> call_gt(const Call& call) {
  SLUICE_TRY(const bool after, less(call[1], call[0]));
  return Datum(after);
}
Result<Datum> call_le(const Call& call) {
  SLUICE_TRY(const bool after, less(call[1], call[0]));
  return Datum(!after);
}

Result<Datum> call_len(const Call& call) {
  SLUICE_TRY(const std::size_t length, call[0].length());
  return Datum(static_cast<std::int64_t>(length));
}

Result<Datum> call_index(const Call& call) {
  Datum value = call[0];
  for (std::size_t i = 1; i < call.size(); ++i) {
    SLUICE_TRY(value, value.at(call[i]));
  }
  return value;
}

// Bytes of a text, or items of a list: from the second argument up to the third.
Result<Datum> call_slice(const Call& call) {
  SLUICE_TRY(const std::size_t length, call[0].length());
  std::int64_t from = 0;
  std::int64_t to = static_cast<std::int64_t>(length);
  if (call.size() > 1) {
    SLUICE_TRY(from, integer_of(call, 1));
  }
  if (call.size() > 2) {
    SLUICE_TRY(to, integer_of(call, 2));
  }
  if (from < 0 || from > to || to > static_cast<std::int64_t>(length))
    return wrong("the bounds of slice do not lie in the value");
  const auto first = static_cast<std::size_t>(from);
  const auto count = static_cast<std::size_t>(to - from);
  if (const auto* words = call[0].words()) return Datum(std::string(words->substr(first, count)));
  SLUICE_TRY(const Datum::Node list, list_of(call, 0));
  return Datum(
      std::make_shared<const Json>(Json::array_t(list->begin() + from, list->begin() + to)));
}

// Go puts a space between two operands unless one of them is a text.
Result<Datum> call_print(const Call& call) {
  std::string out;
  for (std::size_t i = 0; i < call.size(); ++i) {
    const bool apart = i > 0 && call[i].words() == nullptr && call[i - 1].words() == nullptr;
    if (apart) out += ' ';
    out += call[i].text();
  }
  return Datum(std::move(out));
}
Result<Datum> call_println(const Call& call) {
  std::string out;
  for (std::size_t i = 0; i < call.size(); ++i) {
    if (i > 0) out += ' ';
    out += call[i].text();
  }
  return Datum(out + "\n");
}
Result<Datum> call_printf(const Call& call) {
  SLUICE_TRY(const std::string pattern, text_of(call, 0));
  SLUICE_TRY(std::string text, format(pattern, call.arguments.subspan(1)));
  return Datum(std::move(text), pattern == "%q" ? TextForm::json : TextForm::plain);
}

Result<Datum> call_html(const Call& call) {
  SLUICE_TRY(const Datum text, call_print(call));
  std::string out;
  for (const char c : *text.words()) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return Datum(std::move(out));
}

Result<Datum> call_js(const Call& call) {
  constexpr std::string_view kEscaped = "<>&='\"\\";
  SLUICE_TRY(const Datum text, call_print(call));
  std::string out;
  for (const char c : *text.words()) {
    if (static_cast<unsigned char>(c) >= 0x20 && kEscaped.find(c) == std::string_view::npos) {
      out += c;
    } else {
      out += "\\u";
      append_hex(out, static_cast<unsigned char>(c), 4);
    }
  }
  return Datum(std::move(out));
}

using Form = Function::Form;
using Reads = Function::Reads;
constexpr std::size_t kMany = Function::kAnyNumber;

constexpr std::array kCoreFunctions = {
    Function{"and", 1, kMany, nullptr, Form::all_true, Reads::nothing},
    Function{"or", 1, kMany, nullptr, Form::any_true, Reads::nothing},
    Function{"not", 1, 1, call_not, Form::call, Reads::nothing},
    Function{"eq", 2, kMany, call_eq},
    Function{"ne", 2, 2, call_ne},
    Function{"lt", 2, 2, call_lt},
    Function{"le", 2, 2, call_le},
    Function{"gt", 2, 2, call_gt},
    Function{"ge", 2, 2, call_ge},
    Function{"len", 1, 1, call_len, Form::call, Reads::nothing},
    Function{"index", 1, kMany, call_index, Form::call, Reads::keys},
    Function{"slice", 1, 3, call_slice},
    Function{"print", 0, kMany, call_print},
    Function{"println", 0, kMany, call_println},
    Function{"printf", 1, kMany, call_printf},
    Function{"html", 1, kMany, call_html},
    Function{"js", 1, kMany, call_js},
};

}  // namespace

std::span<const Function> core_functions() { return kCoreFunctions; }

}  // namespace sluice::templates
