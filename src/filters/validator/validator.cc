// SPDX-License-Identifier: Apache-2.0
#include "filters/validator/validator.h"

#include <array>

#include "pipeline/unfinished.h"

namespace sluice::filters {
namespace {

constexpr std::array<std::string_view, 1> kValidatorResults = {"invalid"};

}  // namespace

std::unique_ptr<pipeline::FilterKind> make_validator_kind() {
  return pipeline::unfinished_kind(
      "Validator", "Checks who sends a request: headers, tokens, signatures, passwords.",
      kValidatorResults);
}

}  // namespace sluice::filters
