// SPDX-License-Identifier: Apache-2.0
// The objects as a backup holds them, and the restoration of such objects.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "control/change.h"
#include "control/object.h"
#include "pipeline/filter.h"

namespace sluice::control {

struct SavedObject {
  std::string name;
  std::string kind;
  Json spec;  // completed; secrets and createdAt included
  Json pins;  // Object::pins
  bool runs = true;
};

struct SavedCode {
  std::string kind;  // of filter
  std::string sha256;
  bool in_use = false;  // by an object that runs
};

// The objects of one moment, by name, and the code that their pins name, each once. The code stays
// as long as this lives.
struct SavedState {
  std::vector<SavedObject> objects;
  std::vector<SavedCode> code;
  Objects in_force;
  std::vector<pipeline::CodeKeeper::Hold> holds;
};

// The order of a restoration. The references outlive it.
struct Restoration {
  const std::vector<SavedObject>& objects;
  // Deletes the objects that are there. Without it, they are an error.
  bool replace = false;
  // Restores the shared data. Called once, while the pipelines of the backup run and no server
  // listens.
  std::function<Result<void>()> restore_data;
  // Receives a line for each step whose effect stays, even if a later step fails.
  std::vector<std::string>& done;
  Author author{};
};

// The outcome for one object. `warning`: "", or why it does not run as it should.
struct RestoredObject {
  std::string name;
  std::string kind;
  std::string warning;
};

}  // namespace sluice::control
