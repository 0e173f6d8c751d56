// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/spec.h"

#include <charconv>
#include <limits>

#include "filters/wasm_host/script.h"

namespace sluice::filters {
namespace {

struct ByteUnit {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr ByteUnit kUnits[] = {
    {"", 1},
    {"B", 1},
    {"Ki", 1u << 10},
    {"KiB", 1u << 10},
    {"K", 1000},
    {"KB", 1000},
    {"Mi", 1u << 20},
    {"MiB", 1u << 20},
    {"M", 1'000'000},
    {"MB", 1'000'000},
    {"Gi", 1u << 30},
    {"GiB", 1u << 30},
    {"G", 1'000'000'000},
    {"GB", 1'000'000'000},
};

}  // namespace

std::string WasmHostSpec::source() const {
  return is_builtin(code) ? script_source(code, script) : code;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t count = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc()) return std::nullopt;
  std::string_view unit(rest, static_cast<std::size_t>(text.data() + text.size() - rest));
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  for (const ByteUnit& known : kUnits) {
    if (unit != known.name) continue;
    if (count > std::numeric_limits<std::uint64_t>::max() / known.bytes) return std::nullopt;
    return count * known.bytes;
  }
  return std::nullopt;
}

}  // namespace sluice::filters
