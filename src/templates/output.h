// SPDX-License-Identifier: Apache-2.0
// The text that a template makes. Values stand in it without changing its structure, if it is YAML:
//   in a block scalar   a line break is followed by the indentation of the line, or the value
//                       stands aside;
//   in quotes           the quote is escaped;
//   in flow style       a value with signs of YAML is an error, but JSON is not;
//   elsewhere           a line break is an error, but in JSON, where it is a space.
// Any thread, one at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "templates/rendered.h"
#include "templates/yaml_place.h"

namespace sluice::templates {

enum class OutputForm { text, yaml };

class Output {
 public:
  Output(OutputForm form, std::size_t bytes_max)
      : form_(form), bytes_max_(bytes_max), bytes_left_(bytes_max) {}
  // Text of the template itself. Errors: `too_large`.
  [[nodiscard]] Result<void> append(std::string_view text);
  // A value. Errors: `too_large`; `invalid` for a value that would leave its place.
  [[nodiscard]] Result<void> insert(std::string_view value);
  [[nodiscard]] Rendered take() { return std::move(out_); }

 private:
  [[nodiscard]] Result<void> insert_yaml(std::string_view value);
  [[nodiscard]] Result<void> insert_in_block(std::string_view value, bool folded);
  [[nodiscard]] Result<void> put_aside(std::string_view value);
  [[nodiscard]] Result<void> count(std::size_t bytes);
  [[nodiscard]] Result<void> add(std::string_view text);

  OutputForm form_;
  const std::size_t bytes_max_;
  std::size_t bytes_left_;
  Rendered out_;
  YamlPlace place_;
};

}  // namespace sluice::templates
