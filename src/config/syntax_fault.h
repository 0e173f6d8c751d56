// SPDX-License-Identifier: Apache-2.0
// Says of a fault in the syntax of YAML what to change in the text. The parser's own words are
// about its grammar, and often stand a line behind the cause. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice::config {

struct SyntaxFault {
  std::size_t at = 0;  // byte of the text
  std::string reason;
};

// `words` is what the parser says at byte `at`. They are the reason if nothing better is known.
[[nodiscard]] SyntaxFault syntax_fault(std::string_view text, std::size_t at,
                                       std::string_view words);

}  // namespace sluice::config
