// SPDX-License-Identifier: Apache-2.0
// Schemas: the JSON schemas (draft 2020-12) of whole documents, for editors and for `egctl
// explain`. They follow from the field lists. Immutable; any thread.
//
// A schema of a kind is what its field list says. Here the parts come together: the filters and
// policies in a Pipeline, the pool in a path of an HTTPServer. Formats become patterns, because
// JSON Schema knows some of their names in another sense.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "control/object_kind.h"

namespace sluice::control {

// The member of a schema that names the format of a text: "duration", "path" ...
inline constexpr const char* kFormatWord = "x-format";

class Schemas {
 public:
  enum class Group { object, data, filter, policy };  // data: custom data
  struct Entry {
    std::string kind;  // "Pipeline", "WasmHost", "Retry"
    Group group;
    std::string about;                       // a sentence
    std::vector<std::string> other_names{};  // of an object: "pipeline", "pl"
  };

  Schemas(const ObjectKinds& kinds, const pipeline::FilterKinds& filters);

  // Objects first, then custom data, filters and policies.
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  // By kind, name or alias; case does not matter. Error `not_found`, with a suggestion.
  [[nodiscard]] Result<const Entry*> find(std::string_view word) const;

  // The parts that refer to each other: {kind: schema}. A reference is `#/$defs/<kind>…`.
  [[nodiscard]] const Json& definitions() const { return definitions_; }
  // The schema of one kind, with all definitions that it refers to.
  [[nodiscard]] Json document(const Entry& entry) const;
  // The schema of an object of any kind, or of a document of custom data.
  [[nodiscard]] Json any_object() const;

 private:
  void add_objects(const ObjectKinds& kinds);
  void add_custom_data();
  void add_filters(const pipeline::FilterKinds& filters);
  void add_policies();
  void join_parts(const pipeline::FilterKinds& filters);

  std::vector<Entry> entries_;
  Json definitions_;
};

}  // namespace sluice::control
