// SPDX-License-Identifier: Apache-2.0
// A change of the desired objects: its mode, and its outcome.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::control {

enum class ApplyMode {
  create,  // error `conflict` if the name exists ("conflict name: demo; ...")
  update,  // error `not_found` if it does not; the kind may not change
  apply,   // creates or updates
};

enum class Change { created, updated, unchanged, deleted };

struct Applied {
  std::string name;
  std::string kind;
  Change change;
  // Warnings: a field that probably does not mean what it says, a part that does not run yet and
  // why.
  std::vector<std::string> warnings{};
  // On a shared store: the version of the stored object, which other members come to run. Else 0.
  std::uint64_t version = 0;
};

// Who asks for a change of objects.
struct Author {
  std::string name{};     // of the admin API; "": nobody, or the API asks nobody for a name
  std::string address{};  // of the client, without port; "": the process itself
};

// The cause of a version of the objects (control/object_versions.h).
struct ChangeOrigin {
  std::string by{};  // as in Author
  std::string address{};
  std::string how{};                         // apply, delete, undo, restore
  std::optional<std::uint64_t> undone_to{};  // of undo: the version that it brings back
};

// An object that names another one.
struct User {
  std::string name;
  std::string kind;
  std::string path;  // of the field that does so
};

// The error of every change while the process stops.
inline constexpr std::string_view kStopping =
    "this process is stopping, or another one takes over: say it again";

// The outcome of a reload, an upload or a rollback for one filter.
struct Reloaded {
  std::string pipeline;
  std::string filter;
  bool changed = false;
  std::string code_hash;  // sha256 of the running code
  std::string error;      // "", or why the new code is refused; the old code keeps running
  // The member that refuses the code; "": this one. Its `filter` is "" if several filters change.
  std::string member{};
  // Without `changed`: of a member that is neither swapped nor refuses: it has gone meanwhile. With
  // it: of the code that runs now.
  std::string warning{};
};

}  // namespace sluice::control
