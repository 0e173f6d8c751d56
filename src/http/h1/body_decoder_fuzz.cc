// SPDX-License-Identifier: Apache-2.0
// Chunked bodies. Invariants: the result does not depend on the cut of the bytes, and the decoder
// accepts only bodies that a plain reading of RFC 9112 section 7.1 accepts, up to the same byte.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "http/chars.h"
#include "http/h1/body_decoder.h"

namespace {

using namespace sluice::http::h1;

constexpr BodyLimits kLimits{.overhead_bytes_max = 256, .fields_max = 4};

void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  std::string body;
  std::size_t consumed = 0;
  int fault = 0;
  bool done = false;
  bool operator==(const Outcome&) const = default;
};

// Feeds `input` in pieces of `size` bytes, as a connection does: bytes not consumed are fed again.
Outcome decode(std::string_view input, std::size_t size) {
  BodyDecoder decoder(kLimits);
  decoder.start_chunked();
  Outcome outcome;
  std::string held;
  while (!decoder.done() && !decoder.fault()) {
    const auto step = decoder.decode(held);
    require(step.consumed <= held.size() && step.bytes.size() <= step.consumed);
    outcome.body += step.bytes;
    outcome.consumed += step.consumed;
    held.erase(0, step.consumed);
    if (step.consumed > 0 || decoder.done() || decoder.fault()) continue;
    if (input.empty()) break;
    held += input.substr(0, size);
    input.remove_prefix(std::min(size, input.size()));
  }
  outcome.fault = decoder.fault().status;
  outcome.done = decoder.done();
  return outcome;
}

std::optional<std::string_view> take_line(std::string_view& rest) {
  const std::size_t end = rest.find("\r\n");
  if (end == rest.npos || rest.substr(0, end).contains('\n')) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

std::optional<std::uint64_t> size_of(std::string_view line) {
  std::uint64_t size = 0;
  std::size_t digits = 0;
  for (; digits < line.size() && sluice::hex_value(line[digits]) >= 0; ++digits) {
    if (size >> 59 != 0) return std::nullopt;
    size = size * 16 + static_cast<std::uint64_t>(sluice::hex_value(line[digits]));
  }
  const bool clean = digits == line.size() || line[digits] == ';';
  return digits > 0 && clean ? std::optional(size) : std::nullopt;
}

// Reads a whole body; returns nullopt if it is malformed. Has wider limits than the decoder.
std::optional<Outcome> read_plainly(std::string_view input) {
  std::string_view rest = input;
  Outcome outcome;
  while (true) {
    const auto line = take_line(rest);
    const auto size = line ? size_of(*line) : std::nullopt;
    if (!size || *size > rest.size()) return std::nullopt;
    if (*size == 0) break;
    outcome.body += rest.substr(0, *size);
    rest.remove_prefix(*size);
    if (!rest.starts_with("\r\n")) return std::nullopt;
    rest.remove_prefix(2);
  }
  while (true) {
    const auto line = take_line(rest);
    if (!line) return std::nullopt;
    if (line->empty()) break;
  }
  outcome.consumed = input.size() - rest.size();
  outcome.done = true;
  return outcome;
}

}  // namespace

// The first byte selects the cut of the rest.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string input(data + 1, data + size);
  const Outcome whole = decode(input, input.size());
  require(decode(input, 1) == whole);
  require(decode(input, data[0] % 32 + 1U) == whole);
  if (whole.done) require(read_plainly(input) == whole);
  return 0;
}
