// SPDX-License-Identifier: Apache-2.0
// WithCode: a FilterPrototype that runs code of a user. Every kind whose has_code() is true makes
// such prototypes: the history, uploads, rollbacks and reload-code ask for these two, and never for
// the name of a kind or for shared data. Its pin() has the hash of the code as `sha256`, and as
// `rolledBackFrom` that of the code in whose place it was put.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::pipeline {

struct CodeFacts {
  std::string source;  // path, url, inline, script or upload
  std::string place;   // the path or the URL, without secrets; ""
  std::uint64_t bytes;
};

enum class TrialState {
  none,     // nobody judges the code
  running,  // its window has not ended
  passed,   // its window has ended without a verdict
  failed,   // there was a verdict, and the code could not be replaced
};

// Any thread may call any function.
class WithCode {
 public:
  virtual ~WithCode() = default;
  [[nodiscard]] virtual CodeFacts code_facts() const = 0;
  // "", or why the code is to go, and earlier code is to run again.
  [[nodiscard]] virtual std::string verdict() const { return {}; }
  [[nodiscard]] virtual TrialState trial_state() const { return TrialState::none; }
  // After a verdict() that could not be carried out: what the status says of it. The trial has
  // failed from then on.
  virtual void set_trial_trouble(const std::string& /*trouble*/) const {}
};

}  // namespace sluice::pipeline
