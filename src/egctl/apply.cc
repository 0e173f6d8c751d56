// SPDX-License-Identifier: Apache-2.0
#include "egctl/apply.h"

#include <memory>

#include "egctl/create.h"

namespace sluice::egctl {

void add_apply(Command root, Invocation& invocation) {
  const Command command =
      root.add("apply", "Create or update objects from files or standard input");
  const auto files = std::make_shared<std::vector<std::string>>();
  add_file_option(command, *files);
  command.footer("All objects are applied, or none. Example:\n  egctl apply -f pipeline.yaml");
  set_action(command, invocation,
             [files](Invocation& s) { return send_objects(s, *files, "apply"); });
}

}  // namespace sluice::egctl
