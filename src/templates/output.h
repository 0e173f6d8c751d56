// SPDX-License-Identifier: Apache-2.0
// The text that a template makes. If it is YAML, each value stands aside and the text has a mark in
// its place: no value is read as YAML. Any thread, one at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "templates/rendered.h"
#include "templates/yaml_place.h"

namespace sluice::templates {

// `values`: the values of a skeleton (skeleton.h), without its text.
enum class OutputForm { text, yaml, values };

class Output {
 public:
  Output(OutputForm form, std::size_t bytes_max)
      : form_(form), bytes_max_(bytes_max), bytes_left_(bytes_max) {}
  // Text of the template itself. Errors: `too_large`.
  [[nodiscard]] Result<void> append(std::string_view text);
  // A value. Errors: `too_large`; `invalid` for an escape that JSON does not have.
  [[nodiscard]] Result<void> insert(std::string_view value, TextForm form);
  // What follows is a value of a skeleton, in a place of this kind.
  void begin_value(YamlPlace::Kind kind);
  // What follows is none.
  void skip_value() { skips_ = true; }
  [[nodiscard]] const YamlPlace& place() const { return place_; }
  [[nodiscard]] Rendered take() { return std::move(out_); }

 private:
  [[nodiscard]] Result<void> add_yaml(std::string_view text);
  [[nodiscard]] Result<void> write(std::string_view yaml);
  [[nodiscard]] Result<void> add_value(std::string_view value, TextForm form);
  [[nodiscard]] Result<void> put_aside(std::string_view value, TextForm form);
  [[nodiscard]] Result<void> count(std::size_t bytes);

  OutputForm form_;
  const std::size_t bytes_max_;
  std::size_t bytes_left_;
  Rendered out_;
  YamlPlace place_;
  YamlPlace::Kind kind_ = YamlPlace::Kind::plain;  // of the value under way
  std::size_t parts_ = 0;                          // of it
  bool skips_ = false;
};

}  // namespace sluice::templates
