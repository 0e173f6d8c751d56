// SPDX-License-Identifier: Apache-2.0
// WithCode: a FilterPrototype that runs code of a user. Its pin() has the hash of the code as
// `sha256`, and as `rolledBackFrom` that of the code in whose place it was put.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::pipeline {

struct CodeFacts {
  std::string source;  // path, url, inline, script or upload
  std::string place;   // the path or the URL, without secrets; ""
  std::uint64_t bytes;
};

// Any thread may call any function.
class WithCode {
 public:
  virtual ~WithCode() = default;
  [[nodiscard]] virtual CodeFacts code_facts() const = 0;
  // "", or why the code is to go, and the code before it is to run again.
  [[nodiscard]] virtual std::string verdict() const = 0;
};

}  // namespace sluice::pipeline
