// SPDX-License-Identifier: Apache-2.0
// HeaderTemplate: a template of an adaptor that changes header fields only, and whose names are
// known: a request makes the values, and decodes nothing. Immutable; any thread.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "filters/builder/filled_yaml.h"
#include "filters/builder/header_change.h"

namespace sluice::filters {

class HeaderTemplate {
 public:
  // nullopt if the template changes more, or something in it is wrong. `fixed`: the changes of the
  // spec, which come first.
  [[nodiscard]] static std::optional<HeaderTemplate> make(const YamlTemplate& made,
                                                          const HeaderChangeSpec& fixed,
                                                          Changed changed);
  [[nodiscard]] const HeaderChange& change() const { return change_; }
  // The values for change(), in the order of its fields; those of `values` are kept there. nullopt
  // if one cannot be a header field.
  struct Values {
    std::vector<std::string> texts;
    HeaderChange::Made made;
  };
  [[nodiscard]] std::optional<Values> values(const MadeYaml& yaml) const;

 private:
  struct Field {
    std::size_t number;  // in change_
    std::string name;
    config::Value scalar;
  };
  HeaderChange change_;
  std::vector<Field> fields_;  // with values of the template
  std::size_t count_ = 0;      // of the fields of change_
};

}  // namespace sluice::filters
