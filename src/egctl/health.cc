// SPDX-License-Identifier: Apache-2.0
#include "egctl/health.h"

#include <nlohmann/json.hpp>
#include <sstream>

namespace sluice::egctl {
namespace {

Json lines_of(const std::string& text) {
  Json lines = Json::array();
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

void add_health(Command root, Invocation& invocation) {
  set_action(
      root.add("health", "Ask the server whether it is well"), invocation,
      [](Invocation& s) -> Result<void> {
        SLUICE_TRY(const ApiClient client, s.client());
        SLUICE_TRY(const std::string troubles, client.text({.path = "/healthz"}));
        const std::string head =
            troubles.empty() ? "OK\n" : "The server is well, but for these objects:\n";
        s.print_or(Json{{"healthy", true}, {"objects", lines_of(troubles)}}, head + troubles);
        return {};
      });
}

}  // namespace sluice::egctl
