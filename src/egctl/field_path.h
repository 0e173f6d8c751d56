// SPDX-License-Identifier: Apache-2.0
// The way from a kind to one of its fields, in the schemas.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "control/schemas.h"

namespace sluice::egctl {

struct ExplainedField {
  std::string path;      // of the field asked for; of one of `fields`: its name
  std::string type;      // "duration", "list of text", "map"
  std::string fallback;  // "required", or the default; "": none
  std::string bounds;    // "1 to 599", "GET, HEAD or POST"; "": none
  std::string about;     // a sentence
  std::vector<ExplainedField> fields{};
};

// `path`: "pipeline.filters.WasmHost.timeout". Error `not_found` names the first word that is not
// there, and those that are.
[[nodiscard]] Result<ExplainedField> explain_path(const control::Schemas& schemas,
                                                  std::string_view path);

}  // namespace sluice::egctl
