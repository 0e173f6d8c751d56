// SPDX-License-Identifier: Apache-2.0
#include "egctl/commands.h"

namespace sluice::egctl {

void add_health(CLI::App& root, Session& session) {
  set_action(
      *root.add_subcommand("health", "Ask the server whether it is well"), session,
      [](Session& s) -> Result<void> {
        SLUICE_TRY(const Client client, s.client());
        SLUICE_TRY(const std::string troubles, client.text({.path = "/healthz"}));
        s.out << (troubles.empty() ? "OK\n" : "The server is well, but for these objects:\n");
        s.out << troubles;
        return {};
      });
}

}  // namespace sluice::egctl
