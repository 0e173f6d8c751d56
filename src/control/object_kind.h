// SPDX-License-Identifier: Apache-2.0
// ObjectKind: an entry of the table of kinds, with everything that other folders need to know of
// the kind. A kind is a file in kinds/ and a line in kinds/all.cc. admin and egctl learn names and
// schemas from this table.
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

// The inputs of a build besides the document.
struct Background {
  const Json* pins = nullptr;  // the Object::pins of the last build; null: none
  // Of the object that is there (code_records()); null: nothing is known. build_stored() has them.
  const pipeline::CodeRecords* records = nullptr;
  bool fresh = false;      // read the sources of the spec again
  std::stop_token stop{};  // the object is no longer wanted: fail soon
  bool anew = false;       // no state of a running object of that name goes on
};

struct BuildContext {
  const pipeline::FilterKinds& filters;
  unsigned core_count;
  pipeline::StateScope states;  // the state of this object that outlives its generations
  const Background& background;
  std::string_view bind_address{};  // of a server that names none; "": all
};

struct ObjectKind {
  std::string category;              // "Traffic gate", "Pipeline"
  std::string kind;                  // "HTTPServer"
  std::string name;                  // "httpserver"
  std::vector<std::string> aliases;  // "httpservers", "hs"
  std::function<Json()> schema;
  std::function<Json()> defaults;  // the spec of an object without given fields
  // Decodes, validates and builds. Returns null exactly if a fault was added. Blocks; any thread
  // but a worker's.
  std::function<std::shared_ptr<const ObjectPrototype>(const config::Value&, const BuildContext&,
                                                       config::Faults&)>
      build;
  std::string about{};  // a sentence
};

// The order is that of listings for users.
using ObjectKinds = std::vector<ObjectKind>;

// Finds a kind by kind, name or alias: "HTTPServer", "httpserver", "hs". Null if there is none.
[[nodiscard]] const ObjectKind* find_kind(const ObjectKinds& kinds, std::string_view word);

}  // namespace sluice::control
