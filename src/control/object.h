// SPDX-License-Identifier: Apache-2.0
// Object: one desired object of any kind, and its prototype.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "config/value.h"
#include "control/object_prototype.h"
#include "store/store.h"

namespace sluice::control {

// The cause of a build of an object, for the history of its code (control/code_history.h).
struct CodeChange {
  std::string by{};   // of the admin API; "": nobody has asked
  std::string how{};  // apply, reload, upload, rollback, automatic rollback, restore; "": a start
  std::string why{};  // of a rollback; "": none was given

  [[nodiscard]] bool rolls_back() const { return how.ends_with("rollback"); }
};

struct Object {
  std::string name;
  std::string kind;
  Json spec;  // completed; createdAt included
  // Set if the object runs. If it is not current, `error` says why it cannot be built now; "" while
  // it is being built.
  std::shared_ptr<const ObjectPrototype> prototype;
  std::string error;
  // ObjectPrototype::pins() of the current or the last prototype. Stored beside the spec.
  Json pins;
  // The warnings of the build (config::Faults::warnings).
  std::vector<std::string> warnings{};
  // The kept state of the prototype; null if the object does not run.
  std::shared_ptr<const pipeline::StateSet> states{};
  // True if the prototype is of an earlier spec or other pins. Another member has changed the
  // object, and the prototype serves until this member has built the change.
  bool behind = false;
  // The versions of the documents with the spec, the pins and the history; 0: not stored.
  store::Version version = 0;
  store::Version pins_version = 0;
  store::Version history_version = 0;
  // The codes that its filters have run: control/code_history.h.
  Json history{};
  CodeChange change{};  // of the pins, if the object is built for another code

  [[nodiscard]] bool runs() const { return prototype != nullptr; }
  [[nodiscard]] bool is_current() const { return runs() && !behind; }
  [[nodiscard]] bool is_being_built() const { return !is_current() && error.empty(); }
};

using Objects = std::map<std::string, std::shared_ptr<const Object>, std::less<>>;
using ObjectList = std::vector<std::shared_ptr<const Object>>;

// The name and kind in a document; "" if it has none.
[[nodiscard]] std::string name_of(const config::Value& document);
[[nodiscard]] std::string kind_of(const config::Value& document);

// {filter: sha256} of the code that `pins` name; empty if they name none.
[[nodiscard]] std::map<std::string, std::string> code_hashes(const Json& pins);

// The spec without createdAt.
[[nodiscard]] Json without_time(Json spec);
// True if both specs are equal apart from createdAt.
[[nodiscard]] bool same_spec(const Object& a, const Object& b);

}  // namespace sluice::control
