// SPDX-License-Identifier: Apache-2.0
// Proposed and Step: the documents of a requested change, built.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "control/change.h"
#include "control/object.h"

namespace sluice::control {

// One document of a requested change, built.
struct Proposed {
  std::shared_ptr<const Object> object;
  bool changes;                            // false: an equal object runs already, and continues
  std::string prefix;                      // of its faults: "document 2, "
  std::shared_ptr<const Object> before{};  // the object from which it was built; null: none
  CodeChange change{};                     // of its code, if that is other code
};

// The same with the report on it.
struct Step {
  Proposed proposed;
  Applied applied;
  std::shared_ptr<const Object> running;  // the current object of that name; null: none
};

// Adds what the prototypes note of themselves to the warnings. Requires: what runs has one.
void add_notes(std::vector<Step>& steps);

}  // namespace sluice::control
