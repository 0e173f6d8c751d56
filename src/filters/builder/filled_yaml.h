// SPDX-License-Identifier: Apache-2.0
// Puts the values of a template into the places of its YAML. A value is the text of its place,
// whatever it looks like, unless
//   a function has made JSON or a text in quotes of it (`toJson`, `quote`): it is read as that;
//   its place takes a list or a map, or belongs to data or to a body that is written as YAML: JSON
//   is read as JSON.
// Any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "config/value.h"
#include "filters/builder/yaml_template.h"

namespace sluice::filters {

// The meaning of the YAML: the fields of a message, the changes of one, or data.
enum class Described { message, changes, data };

// The only document; null for none. Errors: `invalid`, `too_large`.
[[nodiscard]] Result<config::Value> fill_yaml(MadeYaml made, Described described);

// The text of a scalar among changes of a message; nullopt if it is none, or cannot be filled.
[[nodiscard]] std::optional<std::string> fill_setting(
    const config::Value& scalar, const std::vector<templates::RenderedValue>& values);

// The data in the output of a template, YAML or JSON; null for none. Errors as above.
[[nodiscard]] Result<Json> data_of_yaml(MadeYaml made);

}  // namespace sluice::filters
