// SPDX-License-Identifier: Apache-2.0
// ObjectBuilder: builds objects from documents, by the tables of kinds.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "control/object.h"
#include "control/object_kind.h"

namespace sluice::control {

// Immutable. Any thread but a worker's.
class ObjectBuilder {
 public:
  // `states`: outlives this; null: no object has a state that outlives it. `bind_address`: of
  // servers that name none.
  ObjectBuilder(ObjectKinds kinds, pipeline::FilterKinds filters, unsigned core_count,
                const pipeline::StateRegistry* states = nullptr, std::string bind_address = {})
      : kinds_(std::move(kinds)),
        filters_(std::move(filters)),
        core_count_(core_count),
        states_(states),
        bind_address_(std::move(bind_address)) {}

  // Returns null exactly if a fault was added. Blocks (compiles guests).
  [[nodiscard]] std::shared_ptr<Object> build(const config::Value& document,
                                              const Background& background,
                                              config::Faults& faults) const;
  // Builds `stored` from its spec; otherwise as above.
  [[nodiscard]] std::shared_ptr<Object> build_stored(const Object& stored,
                                                     const Background& background,
                                                     config::Faults& faults) const;

  [[nodiscard]] const ObjectKinds& kinds() const { return kinds_; }
  [[nodiscard]] const pipeline::FilterKinds& filters() const { return filters_; }
  // Finds a kind by its proper name ("HTTPServer") only. Error: `not_found`.
  [[nodiscard]] Result<const ObjectKind*> kind(std::string_view kind) const;
  // Null if no filter kind has that name.
  [[nodiscard]] Json filter_schema(const std::string& kind) const;

 private:
  const ObjectKinds kinds_;
  const pipeline::FilterKinds filters_;
  const unsigned core_count_;
  const pipeline::StateRegistry* const states_;
  const std::string bind_address_;
};

}  // namespace sluice::control
