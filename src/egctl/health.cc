// SPDX-License-Identifier: Apache-2.0
#include "egctl/health.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "egctl/json_text.h"

namespace sluice::egctl {
namespace {

Json lines_of(const std::string& text) {
  Json lines = Json::array();
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// A member lists the certificates that it holds; an older one lists none.
Json soon_expired(const ApiClient& client) {
  Json lines = Json::array();
  const auto members = client.json({.path = "/status/members?own=true"});
  if (!members || !members->is_array() || members->empty()) return lines;
  for (const Json& one : members->front().value("certificates", Json::array())) {
    if (text_at(one, "state") == "expires soon") {
      lines.push_back(text_at(one, "source") + ": the certificate of " + text_at(one, "subject") +
                      " expires at " + text_at(one, "expires"));
    }
  }
  return lines;
}

std::string health_text(const std::string& troubles, const Json& soon) {
  std::string text = troubles.empty() ? "OK\n" : "The server is well, but for these objects:\n";
  text += troubles;
  if (!soon.empty()) text += "Certificates that expire soon:\n";
  for (const Json& line : soon) text += line.get<std::string>() + "\n";
  return text;
}

}  // namespace

void add_health(Command root, Invocation& invocation) {
  set_action(root.add("health", "Ask the server whether it is well"), invocation,
             [](Invocation& s) -> Result<void> {
               SLUICE_TRY(const ApiClient client, s.client());
               SLUICE_TRY(const std::string troubles, client.text({.path = "/healthz"}));
               const Json soon = soon_expired(client);
               Json all = {{"healthy", true}, {"objects", lines_of(troubles)}};
               if (!soon.empty()) all["expireSoon"] = soon;
               s.print_or(all, health_text(troubles, soon));
               return {};
             });
}

}  // namespace sluice::egctl
