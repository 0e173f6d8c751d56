// SPDX-License-Identifier: Apache-2.0
#include "egctl/commands.h"

namespace sluice::egctl {

void add_version(CLI::App& root, Session& session) {
  set_action(*root.add_subcommand("version", "Print the version of egctl"), session,
             [](Session& s) -> Result<void> {
               s.out << "egctl " SLUICE_VERSION "\n";
               return {};
             });
}

}  // namespace sluice::egctl
