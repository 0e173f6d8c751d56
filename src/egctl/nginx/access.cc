// SPDX-License-Identifier: Apache-2.0
#include "egctl/nginx/access.h"

namespace sluice::egctl::nginx {

// nginx takes the first line that fits. An ipFilter takes its default for an address that is in
// both lists, so the lines that repeat the default must stand before all others.
std::optional<Json> ip_filter(const std::vector<Directive>& addresses) {
  std::string preset = "allow";
  std::vector<const Directive*> lines;
  for (const Directive& line : addresses) {
    if (line.words.size() != 1 || line.words[0].starts_with("unix:")) return std::nullopt;
    if (line.words[0] == "all") {
      preset = line.name;
      break;
    }
    lines.push_back(&line);
  }
  while (!lines.empty() && lines.back()->name == preset) lines.pop_back();
  Json allowed = Json::array();
  Json blocked = Json::array();
  bool other = false;
  for (const Directive* line : lines) {
    if (line->name == preset && other) return std::nullopt;
    other = line->name != preset;
    (line->name == "allow" ? allowed : blocked).push_back(line->words[0]);
  }
  if (preset == "allow" && blocked.empty()) return Json();
  Json filter = {{"blockByDefault", preset == "deny"}};
  if (!allowed.empty()) filter["allowIPs"] = allowed;
  if (!blocked.empty()) filter["blockIPs"] = blocked;
  return filter;
}

Json validator(const Access& access) {
  const Json check = {{"mode", "FILE"}, {"userFile", access.user_file}, {"realm", *access.realm}};
  return {{"name", "password"}, {"kind", "Validator"}, {"basicAuth", check}};
}

}  // namespace sluice::egctl::nginx
