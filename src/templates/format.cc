// SPDX-License-Identifier: Apache-2.0
#include "templates/format.h"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstdio>

#include "base/json_string.h"
#include "base/text.h"
#include "config/faults.h"
#include "templates/arguments.h"

namespace sluice::templates {
namespace {

constexpr int kWidthMax = 1000;
constexpr int kPrecisionMax = 100;

struct Verb {
  char letter = 0;
  bool left = false;
  bool zero = false;
  bool plus = false;
  int width = 0;
  int precision = -1;
};

// Takes digits off `pattern`; saturates beyond `max`.
int take_number(std::string_view& pattern, int max) {
  int value = 0;
  while (!pattern.empty() && is_digit(pattern.front())) {
    value = std::min(value * 10 + (pattern.front() - '0'), max + 1);
    pattern.remove_prefix(1);
  }
  return value;
}

// Requires: the percent sign is taken.
Result<Verb> take_verb(std::string_view& pattern) {
  Verb verb;
  for (; !pattern.empty(); pattern.remove_prefix(1)) {
    const char c = pattern.front();
    if (c == '-')
      verb.left = true;
    else if (c == '0')
      verb.zero = true;
    else if (c == '+')
      verb.plus = true;
    else
      break;
  }
  verb.width = take_number(pattern, kWidthMax);
  if (pattern.starts_with('.')) {
    pattern.remove_prefix(1);
    verb.precision = take_number(pattern, kPrecisionMax);
  }
  if (verb.width > kWidthMax || verb.precision > kPrecisionMax)
    return wrong("a width of printf is above " + std::to_string(kWidthMax) +
                 ", or a precision above " + std::to_string(kPrecisionMax));
  if (pattern.empty()) return wrong("the format of printf ends with %");
  verb.letter = pattern.front();
  pattern.remove_prefix(1);
  return verb;
}

std::string padded(std::string text, const Verb& verb, bool number) {
  const auto width = static_cast<std::size_t>(verb.width);
  if (text.size() >= width) return text;
  const std::size_t missing = width - text.size();
  if (verb.left) return text + std::string(missing, ' ');
  if (!verb.zero || !number) return std::string(missing, ' ') + text;
  const bool sign = text.starts_with('-') || text.starts_with('+');
  return text.insert(sign ? 1 : 0, missing, '0');
}

std::string with_sign(std::string text, const Verb& verb) {
  return verb.plus && !text.starts_with('-') ? "+" + text : text;
}

Result<std::string> integer_text(const Call& one, const Verb& verb) {
  SLUICE_TRY(const std::int64_t value, integer_of(one, 0));
  if (verb.letter == 'd') return with_sign(std::to_string(value), verb);
  std::array<char, 32> buffer{};
  const bool negative = value < 0;
  const auto magnitude = negative ? std::uint64_t{0} - static_cast<std::uint64_t>(value)
                                  : static_cast<std::uint64_t>(value);
  (void)std::snprintf(buffer.data(), buffer.size(), verb.letter == 'x' ? "%" PRIx64 : "%" PRIX64,
                      magnitude);
  return std::string(negative ? "-" : "") + buffer.data();
}

Result<std::string> real_text(const Call& one, const Verb& verb) {
  SLUICE_TRY(const double value, real_of(one, 0));
  std::array<char, 512> buffer{};  // 309 digits, a point, the precision
  const int precision = verb.precision;
  if (verb.letter == 'g' && precision < 0) return with_sign(number_text(value), verb);
  const int digits = precision < 0 ? 6 : precision;
  const char* form = verb.letter == 'f' ? "%.*f" : verb.letter == 'e' ? "%.*e" : "%.*g";
  (void)std::snprintf(buffer.data(), buffer.size(), form, digits, value);
  return with_sign(buffer.data(), verb);
}

std::string hex_of(std::string_view bytes, char letter) {
  std::string out = hex_encode(bytes);
  if (letter == 'X')
    std::ranges::transform(out, out.begin(),
                           [](char c) { return is_lower(c) ? static_cast<char>(c - 0x20) : c; });
  return out;
}

std::string words_text(const Datum& value, const Verb& verb) {
  std::string text = value.text();
  if (verb.precision >= 0 && value.words() != nullptr)
    text.resize(std::min(text.size(), static_cast<std::size_t>(verb.precision)));
  return text;
}

Result<std::string> verb_text(const Datum& value, const Verb& verb) {
  const Call one{.arguments = {&value, 1}};
  const bool number = value.integer() != nullptr || value.real() != nullptr;
  switch (verb.letter) {
    case 's':
      return padded(words_text(value, verb), verb, false);
    case 'v':
      return padded(number ? with_sign(value.text(), verb) : words_text(value, verb), verb, number);
    case 'q': {
      std::string quoted;
      append_json_string(value.text(), quoted);
      return padded(std::move(quoted), verb, false);
    }
    case 't':
      if (value.boolean() == nullptr) return wrong("%t of printf needs a boolean");
      return padded(value.text(), verb, false);
    case 'x':
    case 'X':
      if (value.words() != nullptr) return padded(hex_of(*value.words(), verb.letter), verb, false);
      [[fallthrough]];
    case 'd': {
      SLUICE_TRY(std::string text, integer_text(one, verb));
      return padded(std::move(text), verb, true);
    }
    case 'f':
    case 'e':
    case 'g': {
      SLUICE_TRY(std::string text, real_text(one, verb));
      return padded(std::move(text), verb, true);
    }
    default:
      return wrong("%" + config::quote(std::string(1, verb.letter)) + " is no verb of printf");
  }
}

}  // namespace

Result<std::string> format(std::string_view pattern, std::span<const Datum> values) {
  std::string out;
  std::size_t used = 0;
  while (!pattern.empty()) {
    const std::size_t at = std::min(pattern.find('%'), pattern.size());
    out += pattern.substr(0, at);
    pattern.remove_prefix(at);
    if (pattern.empty()) break;
    pattern.remove_prefix(1);
    SLUICE_TRY(const Verb verb, take_verb(pattern));
    if (verb.letter == '%') {
      out += '%';
      continue;
    }
    if (used == values.size()) return wrong("printf has more verbs than values");
    SLUICE_TRY(const std::string text, verb_text(values[used++], verb));
    out += text;
  }
  if (used < values.size()) return wrong("printf has more values than verbs");
  return out;
}

}  // namespace sluice::templates
