// SPDX-License-Identifier: Apache-2.0
// JsonSchema: checks values by a schema, in the part of JSON Schema (draft 2020-12) that describes
// plain data: docs/custom-data.md lists the keywords. Immutable; any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/json.h"
#include "config/faults.h"

namespace sluice::control {

class JsonSchema {
 public:
  static constexpr std::size_t kBytesMax = std::size_t{64} << 10;  // of the text of a schema
  static constexpr int kDepthMax = 32;                             // of schemas in schemas

  // Adds faults with paths below `path`, and returns null, if `schema` uses a keyword that is not
  // known here, or gives one a wrong value: a keyword without effect would let wrong values in.
  [[nodiscard]] static std::shared_ptr<const JsonSchema> compile(const Json& schema,
                                                                 const std::string& path,
                                                                 config::Faults& faults);
  ~JsonSchema();
  JsonSchema(const JsonSchema&) = delete;
  JsonSchema& operator=(const JsonSchema&) = delete;

  // Adds a fault for each place of `value` that the schema refuses, with its path below `path`.
  void check(const Json& value, const std::string& path, config::Faults& faults) const;

  struct Node;

 private:
  explicit JsonSchema(std::unique_ptr<const Node> root);
  std::unique_ptr<const Node> root_;
};

}  // namespace sluice::control
