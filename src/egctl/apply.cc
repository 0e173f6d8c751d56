// SPDX-License-Identifier: Apache-2.0
#include "egctl/apply.h"
#include "egctl/send_objects.h"

#include <memory>

namespace sluice::egctl {

void add_apply(Command root, Invocation& invocation) {
  const Command command =
      root.add("apply", "Create or update objects from files or standard input");
  const auto files = std::make_shared<std::vector<std::string>>();
  const auto waiting = std::make_shared<Waiting>();
  add_file_option(command, *files);
  add_wait_options(command, *waiting);
  const auto dry_run = std::make_shared<bool>(false);
  command.flag("--dry-run", *dry_run, "the server says what it would do, and changes nothing");
  command.footer(
      "All objects are applied, or none. In a cluster, members that do not run them are named, "
      "and\n"
      "the exit code is 6. Example:\n  egctl apply -f pipeline.yaml");
  set_action(command, invocation, [files, waiting, dry_run](Invocation& s) {
    if (*dry_run) return try_objects(s, *files, "apply");
    return send_objects(s, *files, "apply", *waiting);
  });
}

}  // namespace sluice::egctl
