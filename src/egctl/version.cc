// SPDX-License-Identifier: Apache-2.0
#include "egctl/version.h"

#include <nlohmann/json.hpp>

namespace sluice::egctl {

void add_version(Command root, Invocation& invocation) {
  set_action(root.add("version", "Print the version of egctl"), invocation,
             [](Invocation& s) -> Result<void> {
               s.print_or(Json{{"version", SLUICE_VERSION}}, "egctl " SLUICE_VERSION "\n");
               return {};
             });
}

}  // namespace sluice::egctl
