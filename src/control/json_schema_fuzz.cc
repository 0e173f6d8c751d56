// SPDX-License-Identifier: Apache-2.0
// A schema and a value, with a line break between: whatever they are, the check ends, a refused
// schema has a fault, and a value that passes `not` of the schema does not pass the schema.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "control/json_schema.h"

namespace {

using sluice::Json;
using sluice::control::JsonSchema;

constexpr std::size_t kBytesMax = 4096;  // so that a schema of combinations ends soon

bool passes(const JsonSchema& schema, const Json& value) {
  sluice::config::Faults faults;
  schema.check(value, "v", faults);
  return faults.empty();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  if (size > kBytesMax || end == std::string_view::npos) return 0;
  const Json source = Json::parse(text.substr(0, end), nullptr, false);
  const Json value = Json::parse(text.substr(end + 1), nullptr, false);
  if (source.is_discarded() || value.is_discarded()) return 0;
  sluice::config::Faults faults;
  const auto schema = JsonSchema::compile(source, "s", faults);
  if (!schema) {
    if (faults.empty()) std::abort();
    return 0;
  }
  sluice::config::Faults deeper;
  const auto opposite = JsonSchema::compile({{"not", source}}, "s", deeper);
  if (opposite && passes(*schema, value) == passes(*opposite, value)) std::abort();
  return 0;
}
