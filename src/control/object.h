// SPDX-License-Identifier: Apache-2.0
// Object: one desired thing (HTTPServer, Pipeline), and what was built from it.
#pragma once

#include <memory>
#include <string>

#include "base/json.h"
#include "config/fields.h"
#include "pipeline/pipeline.h"
#include "server/snapshot.h"

namespace sluice::control {

struct Object {
  std::string name;
  std::string kind;
  Json spec;  // completed; createdAt included
  // Exactly one is set, unless `error` says why the object cannot be built now.
  std::shared_ptr<const pipeline::PipelinePrototype> pipeline;
  std::shared_ptr<const server::ServerPrototype> server;
  std::string error;
};

// Builds an object from a document. `previous` is the running one of that name, or null; `known`
// what knowledge() said of it in the process before this one, or null. Null exactly if a fault was
// added. Blocks (compiles guests); any thread but a worker's.
[[nodiscard]] std::shared_ptr<Object> build_object(const config::Value& document,
                                                   const pipeline::FilterKinds& kinds,
                                                   const Object* previous, unsigned core_count,
                                                   config::Faults& faults,
                                                   const config::Value* known = nullptr);

// What it has learnt while it served. Holds keys: for the memory of another process only.
[[nodiscard]] Json knowledge(const Object& object);

// The name and kind that a document claims; "" where it has none.
[[nodiscard]] std::string name_of(const config::Value& document);
[[nodiscard]] std::string kind_of(const config::Value& document);

// True if both specs say the same, createdAt aside.
[[nodiscard]] bool same_spec(const Object& a, const Object& b);

}  // namespace sluice::control
