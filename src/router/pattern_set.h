// SPDX-License-Identifier: Apache-2.0
// PatternSet: numbers by regular expression. One walk over a text tells which expressions it
// matches. Immutable once finished; any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "router/candidates.h"
#include "router/pattern.h"

namespace sluice::router {

class PatternSet {
 public:
  // Below this number, an expression after the other is cheaper.
  static constexpr std::size_t kSetMin = 8;
  // Of RE2's automaton, for each of the two sets of expressions. A text that needs more is compared
  // with one expression after the other.
  static constexpr std::size_t kSetBytesMax = std::size_t{16} << 20;

  PatternSet() = default;
  explicit PatternSet(Pattern::Case letter_case) : case_(letter_case) {}
  // Requires: `number` is not less than that of the call before, and `text` is an expression that
  // Pattern::compile() accepts.
  void add(const std::string& text, Ordinal number);
  void finish();
  [[nodiscard]] bool empty() const { return numbers_.empty(); }
  // Adds the numbers of the expressions found in `text`, and perhaps others: the caller compares.
  void find(std::string_view text, Candidates& out) const;

 private:
  struct Automaton;
  Pattern::Case case_ = Pattern::Case::sensitive;
  std::vector<Ordinal> numbers_;
  std::vector<std::string> texts_;  // until finish()
  // Expressions that match at the beginning only, and the others. An automaton for both would look
  // for the former at every byte.
  std::shared_ptr<const Automaton> anchored_;
  std::shared_ptr<const Automaton> floating_;
};

}  // namespace sluice::router
