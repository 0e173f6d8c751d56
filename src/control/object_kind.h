// SPDX-License-Identifier: Apache-2.0
// ObjectKind: an entry of the table of kinds, and all that anybody needs to know of one. A kind is
// a file in kinds/ and a line in kinds/all.cc; admin and egctl learn names and schemas from here.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "config/fields.h"
#include "control/object_prototype.h"
#include "pipeline/prototype.h"

namespace sluice::control {

struct Object;

// What a build may use besides the document.
struct Background {
  const Object* previous = nullptr;  // of the same name: the running one, or one that does not run
  const config::Value* known = nullptr;  // what knowledge() said in the process before this one
  bool fresh = false;                    // read again what the spec refers to
  std::stop_token stop{};                // the object is no longer wanted: fail soon
};

struct BuildContext {
  const pipeline::FilterKinds& filters;
  unsigned core_count;
  const Background& background;
};

struct ObjectKind {
  std::string category;              // "Traffic gate", "Pipeline"
  std::string kind;                  // "HTTPServer"
  std::string name;                  // "httpserver"
  std::vector<std::string> aliases;  // "httpservers", "hs"
  std::function<Json()> schema;
  std::function<Json()> defaults;  // the spec of an object that gives nothing
  // Decodes, validates and builds. Null exactly if a fault was added. Blocks; any thread but a
  // worker's.
  std::function<std::shared_ptr<const ObjectPrototype>(const config::Value&, const BuildContext&,
                                                       config::Faults&)>
      build;
};

// In the order in which they are listed to users.
using ObjectKinds = std::vector<ObjectKind>;

// By kind, name or alias: "HTTPServer", "httpserver", "hs". Null if there is none.
[[nodiscard]] const ObjectKind* find_kind(const ObjectKinds& kinds, std::string_view word);

}  // namespace sluice::control
