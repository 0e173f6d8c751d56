// SPDX-License-Identifier: Apache-2.0
// How the commands that create and change objects send them.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "egctl/command.h"
#include "egctl/files.h"
#include "egctl/invocation.h"
#include "egctl/wait.h"

namespace sluice::egctl {

// Shared by the old and the new form of a command.
void add_file_option(Command command, std::vector<std::string>& files);
// Sends the objects of `files` in one call, and prints one line per object. `mode` is create,
// update or apply. Then waits for the members of the cluster.
[[nodiscard]] Result<void> send_objects(Invocation& invocation,
                                        const std::vector<std::string>& files,
                                        const std::string& mode, const Waiting& waiting = {});

// Asks the server what that would do, and prints it. Nothing changes.
[[nodiscard]] Result<void> try_objects(Invocation& invocation,
                                       const std::vector<std::string>& files,
                                       const std::string& mode);
// The answers of the server: a list of {name, kind, change, before, spec}, and warnings. Custom
// data come first.
[[nodiscard]] Result<Json> ask_for_preview(const Invocation& invocation, ObjectDocuments objects,
                                           const std::string& mode);
// The warnings of an object of an answer, a line each on standard error.
void print_warnings(const Invocation& invocation, const Json& one);

// As send_objects(), for objects that are read or made already.
[[nodiscard]] Result<void> send_documents(Invocation& invocation, ObjectDocuments objects,
                                          const std::string& mode, const Waiting& waiting = {});

}  // namespace sluice::egctl
