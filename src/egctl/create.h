// SPDX-License-Identifier: Apache-2.0
// `egctl create`, and its parts that other commands use.
#pragma once

#include <string>
#include <vector>

#include "egctl/command.h"
#include "egctl/files.h"
#include "egctl/invocation.h"
#include "egctl/wait.h"

namespace sluice::egctl {

void add_create(Command root, Invocation& invocation);
// Shared by the old and the new form of a command.
void add_file_option(Command command, std::vector<std::string>& files);
// Sends the objects of `files` in one call, and prints one line per object. `mode` is create,
// update or apply. Then waits for the members of the cluster.
[[nodiscard]] Result<void> send_objects(Invocation& invocation,
                                        const std::vector<std::string>& files,
                                        const std::string& mode, const Waiting& waiting = {});

// Likewise, for objects that are read or made already.
[[nodiscard]] Result<void> send_documents(Invocation& invocation, ObjectDocuments objects,
                                          const std::string& mode, const Waiting& waiting = {});

}  // namespace sluice::egctl
