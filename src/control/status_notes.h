// SPDX-License-Identifier: Apache-2.0
// StatusNotes: tells the other members of a cluster how each object runs on this one.
//   status/<object>  {"state", "error", "warnings", "version", "pinsVersion",
//                     "code": {filter: sha256}}
// The versions are of the stored spec and pins that the state is about. `code` is what runs.
#pragma once

#include <map>
#include <string>

#include "control/publisher.h"
#include "store/store.h"

namespace sluice::control {

class StatusNotes {
 public:
  // Requires: both outlive this.
  StatusNotes(store::Store& store, const Publisher& publisher)
      : store_(store), publisher_(publisher) {}

  // Call after each publication, one thread at a time. Notes what differs from the last call.
  void update();

 private:
  [[nodiscard]] std::string text_of(const Object& object) const;

  store::Store& store_;
  const Publisher& publisher_;
  std::map<std::string, std::string> said_;  // object -> note
};

}  // namespace sluice::control
