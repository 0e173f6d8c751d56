// SPDX-License-Identifier: Apache-2.0
// The commands, one file each. The list in command_line.cc is complete.
#pragma once

#include "egctl/command.h"
#include "egctl/invocation.h"

namespace sluice::egctl {

void add_create(Command root, Invocation& invocation);
void add_apply(Command root, Invocation& invocation);
void add_get(Command root, Invocation& invocation);
void add_describe(Command root, Invocation& invocation);
void add_edit(Command root, Invocation& invocation);
void add_delete(Command root, Invocation& invocation);
void add_wasm(Command root, Invocation& invocation);
void add_wasm_reload(Command wasm, Invocation& invocation);
void add_wasm_data(Command wasm, Invocation& invocation);
void add_logs(Command root, Invocation& invocation);
void add_health(Command root, Invocation& invocation);
void add_apis(Command root, Invocation& invocation);
void add_api_resources(Command root, Invocation& invocation);
void add_config(Command root, Invocation& invocation);
void add_completion(Command root, Invocation& invocation);
void add_version(Command root, Invocation& invocation);
void add_object(Command root, Invocation& invocation);
void add_member(Command root, Invocation& invocation);

// Shared by the old and the new form of a command.
void add_file_option(Command command, std::vector<std::string>& files);
// Sends the objects of `files` in one call, and prints one line per object. `mode` is create,
// update or apply.
[[nodiscard]] Result<void> send_objects(Invocation& invocation,
                                        const std::vector<std::string>& files,
                                        const std::string& mode);
[[nodiscard]] Result<void> print_members(Invocation& invocation,
                                         const std::vector<std::string>& names);
[[nodiscard]] Result<void> purge_members(Invocation& invocation,
                                         const std::vector<std::string>& names);
// Deletes the objects `names`, of `kind` if it is given. Checks first that all of them exist.
[[nodiscard]] Result<void> delete_objects(Invocation& invocation, std::string_view kind,
                                          const std::vector<std::string>& names);
// Reloads all guest code and reports the outcome of each filter.
[[nodiscard]] Result<void> reload_code(Invocation& invocation);

}  // namespace sluice::egctl
