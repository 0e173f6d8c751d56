// SPDX-License-Identifier: Apache-2.0
// Normalizes paths, so that a resource has one spelling. A path in normal form (RFC 3986 section
// 6.2.2) has no dot segments, no empty segments except the last, and no escapes of unreserved
// characters. Some servers read such a path differently: its doubts say why, and its readings are
// the paths they may see. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::http {

// The parts of a path that servers read differently.
enum class PathDoubt : std::uint8_t {
  separator = 1,    // an escaped slash, a backslash: another segment, or dots that are a segment
  again = 2,        // an escape of an escape, or an overlong UTF-8 form: read when decoded twice
  parameter = 4,    // ';': cut off by servlet containers (RFC 3986 section 3.3)
  edge = 8,         // blanks around a segment, a dot after it, control characters: dropped
  end = 16,         // an escaped '?' or '#': the path ends there when it is parsed twice
  bytes = 32,       // octets that are not valid in a URI, or not UTF-8
  above_root = 64,  // more ".." than there are segments before them
  wide = 128        // fullwidth forms (U+FF01 to U+FF5E): ASCII to servers that normalize (NFKC)
};

// A set of doubts.
class PathDoubts {
 public:
  constexpr PathDoubts() = default;
  constexpr void add(PathDoubt doubt) { bits_ |= static_cast<std::uint8_t>(doubt); }
  constexpr void add(PathDoubts others) { bits_ |= others.bits_; }
  [[nodiscard]] constexpr bool has(PathDoubt doubt) const {
    return (bits_ & static_cast<std::uint8_t>(doubt)) != 0;
  }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  // Describes the first doubt: "an escaped slash or a backslash". A literal.
  [[nodiscard]] const char* text() const;

 private:
  std::uint8_t bits_ = 0;
};

struct NormalPath {
  bool changed = false;
  bool had_dots = false;  // dot segments were removed
  PathDoubts doubts{};    // of the normal form
};

// Puts `escaped`, which begins with '/', into normal form. Merges empty segments, as most servers
// do. A segment with an escaped slash or backslash keeps its spelling, since servers differ in its
// meaning. Escapes octets above ASCII. Idempotent; allocates only if the path changes. Requires:
// every '%' begins an escape.
NormalPath normalize_path(std::string& escaped);

// Returns the part of the percent-encoded `escaped` that follows the first `size` octets of its
// decoded form.
[[nodiscard]] std::string_view escaped_after(std::string_view escaped, std::size_t size);

// True if a segment of the decoded path is "." or "..".
[[nodiscard]] bool has_dot_segments(std::string_view path);

// Returns the other paths as which servers may read a path with doubts: servers that decode, cut,
// trim or resolve more than its decoded text `path`, in any order. `path` itself is not among them.
// Returns nullopt if there are more than 16, as no honest path has.
[[nodiscard]] std::optional<std::vector<std::string>> path_readings(std::string_view path);

}  // namespace sluice::http
