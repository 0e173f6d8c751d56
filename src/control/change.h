// SPDX-License-Identifier: Apache-2.0
// A change of the desired objects: how it is asked for, and what came of it.
#pragma once

#include <string>

namespace sluice::control {

enum class ApplyMode {
  create,  // error `conflict` if the name exists ("conflict name: demo; ...")
  update,  // error `not_found` if it does not; the kind may not change
  apply,   // either
};

enum class Change { created, updated, unchanged };

struct Applied {
  std::string name;
  std::string kind;
  Change change;
  std::string warning;  // "" or what does not run yet, and why
};

// What `reload-code` did to one filter.
struct Reloaded {
  std::string pipeline;
  std::string filter;
  bool changed = false;
  std::string code_hash;  // sha256 of what runs now
  std::string error;      // "" or why the new code is refused; the old one serves on
};

}  // namespace sluice::control
