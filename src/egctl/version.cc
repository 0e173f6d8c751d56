// SPDX-License-Identifier: Apache-2.0
#include "egctl/version.h"

#include <memory>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace sluice::egctl {
namespace {

constexpr std::string_view kServer = "sluice-server ";

// `about`: lines, of which the first is "sluice-server 0.1.0".
std::string_view version_in(std::string_view about) {
  std::string_view line = first_line(about);
  if (line.starts_with(kServer)) line.remove_prefix(kServer.size());
  return line;
}

// That of the server comes last: a script that wants that of egctl takes the first line.
Result<void> print_versions(Invocation& invocation, bool client_only) {
  Json versions{{"version", SLUICE_VERSION}};
  std::string text = "egctl " SLUICE_VERSION "\n";
  if (client_only) {
    invocation.print_or(versions, text);
    return {};
  }
  SLUICE_TRY(const ApiClient client, invocation.client());
  const auto about = client.text({.path = "/about"});
  const std::string_view server = about ? version_in(*about) : "";
  versions["server"] = about ? Json(server) : Json();
  if (about) text.append(kServer).append(server).append("\n");
  invocation.print_or(versions, text);
  if (!about)
    invocation.err << "the version of the server is not known: " << about.error().message << "\n";
  return {};
}

}  // namespace

void add_version(Command root, Invocation& invocation) {
  const Command command = root.add("version", "Print the versions of egctl and of the server");
  const auto client_only = std::make_shared<bool>(false);
  command.flag("--client", *client_only, "that of egctl only; asks no server");
  set_action(command, invocation,
             [client_only](Invocation& s) { return print_versions(s, *client_only); });
}

}  // namespace sluice::egctl
