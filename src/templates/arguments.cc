// SPDX-License-Identifier: Apache-2.0
#include "templates/arguments.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "config/faults.h"

namespace sluice::templates {

std::unexpected<Error> wrong(std::string reason) {
  return fail(ErrorKind::invalid, std::move(reason));
}

Result<std::string> text_of(const Call& call, std::size_t i) {
  if (call[i].is_null()) return wrong("there is no value where a text is needed");
  return call[i].text();
}

Result<std::int64_t> integer_of(const Call& call, std::size_t i) {
  constexpr double kLimit = 9223372036854775808.0;  // 2^63
  const Datum& value = call[i];
  if (const auto* whole = value.integer()) return *whole;
  if (const auto* real = value.real(); real != nullptr && *real >= -kLimit && *real < kLimit)
    return static_cast<std::int64_t>(*real);
  if (const auto* words = value.words()) {
    if (const auto number = to_number<std::int64_t>(*words)) return *number;
  }
  return wrong(config::quote(value.text()) + " is no integer");
}

Result<double> real_of(const Call& call, std::size_t i) {
  const Datum& value = call[i];
  if (const auto* whole = value.integer()) return static_cast<double>(*whole);
  if (const auto* real = value.real()) return *real;
  if (const auto* words = value.words()) {
    double out = 0;
    const char* end = words->data() + words->size();
    const auto [at, error] = std::from_chars(words->data(), end, out);
    if (error == std::errc() && at == end && std::isfinite(out)) return out;
  }
  return wrong(config::quote(value.text()) + " is no number");
}

Result<Datum::Node> list_of(const Call& call, std::size_t i) {
  if (call[i].is_list()) return *call[i].node();
  return wrong("a list is needed, not " + std::string(call[i].kind()));
}

}  // namespace sluice::templates
