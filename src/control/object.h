// SPDX-License-Identifier: Apache-2.0
// Object: one desired thing (HTTPServer, Pipeline), and what was built from it.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/json.h"
#include "config/fields.h"
#include "pipeline/pipeline.h"
#include "server/snapshot.h"

namespace sluice::control {

struct Object {
  std::string name;
  std::string kind;
  Json spec;  // completed; createdAt included
  // Exactly one is set if the object runs. If none is, `error` says why it cannot be built now; ""
  // while it is being built.
  std::shared_ptr<const pipeline::PipelinePrototype> pipeline;
  std::shared_ptr<const server::ServerPrototype> server;
  std::string error;
  // Of a pipeline that runs or has run: PipelinePrototype::pins(). Stored beside the spec.
  Json pins;

  [[nodiscard]] bool runs() const { return pipeline != nullptr || server != nullptr; }
  [[nodiscard]] bool is_being_built() const { return !runs() && error.empty(); }
};

// What a build may use besides the document.
struct Background {
  const Object* previous = nullptr;  // of the same name: the running one, or one that does not run
  const config::Value* known = nullptr;  // what knowledge() said in the process before this one
  bool fresh = false;                    // read again what the spec refers to
  std::stop_token stop{};                // the object is no longer wanted: fail soon
};

// Null exactly if a fault was added. Blocks (compiles guests); any thread but a worker's.
[[nodiscard]] std::shared_ptr<Object> build_object(const config::Value& document,
                                                   const pipeline::FilterKinds& kinds,
                                                   const Background& background,
                                                   unsigned core_count, config::Faults& faults);
// From its stored spec; otherwise as above.
[[nodiscard]] std::shared_ptr<Object> build_stored(const Object& stored,
                                                   const pipeline::FilterKinds& kinds,
                                                   const Background& background,
                                                   unsigned core_count, config::Faults& faults);

// What it has learnt while it served, null if it does not run. Holds keys: for the memory of
// another process only.
[[nodiscard]] Json knowledge(const Object& object);

// The name and kind that a document claims; "" where it has none.
[[nodiscard]] std::string name_of(const config::Value& document);
[[nodiscard]] std::string kind_of(const config::Value& document);

// True if both specs say the same, createdAt aside.
[[nodiscard]] bool same_spec(const Object& a, const Object& b);

}  // namespace sluice::control
