// SPDX-License-Identifier: Apache-2.0
// RunsOtherCode: the side of a FilterPrototype that may run other code than its spec names.
#pragma once

#include <string>

namespace sluice::pipeline {

// A FilterPrototype is one, too, if code can be sent to it. Any thread.
class RunsOtherCode {
 public:
  virtual ~RunsOtherCode() = default;
  // "" or a remark about the code that runs on purpose in place of that of the spec.
  [[nodiscard]] virtual std::string other_code() const = 0;
};

}  // namespace sluice::pipeline
