// SPDX-License-Identifier: Apache-2.0
#include "egctl/commands.h"

namespace sluice::egctl {

void add_health(CLI::App& root, Session& session) {
  set_action(*root.add_subcommand("health", "Ask the server whether it is well"), session,
             [](Session& s) -> Result<void> {
               SLUICE_TRY(const Client client, s.client());
               if (auto well = client.text({.path = "/healthz"}); !well) {
                 return std::unexpected(std::move(well).error());
               }
               s.out << "OK\n";
               return {};
             });
}

}  // namespace sluice::egctl
