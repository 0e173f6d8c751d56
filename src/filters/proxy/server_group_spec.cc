// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/server_group_spec.h"

#include <algorithm>
#include <iterator>

#include "backend/server.h"
#include "http/headers.h"

namespace sluice::filters {

void StickySessionSpec::validate(const std::string& path, config::Faults& faults) const {
  if (mode != "DurationBased" && !http::is_token(app_cookie_name)) {
    faults.add(config::join_path(path, "appCookieName"), "must name a cookie for " + mode);
  }
  if (!http::is_token(lb_cookie_name)) {
    faults.add(config::join_path(path, "lbCookieName"), "is not a name of a cookie");
  }
  constexpr std::size_t kSecretBytesMin = 16;
  if (!secret.empty() && secret.size() < kSecretBytesMin) {
    faults.add(
        config::join_path(path, "secret"),
        "can be guessed: take 16 characters at least, for example of `openssl rand -hex 16`");
  }
}

backend::StickyOptions StickySessionSpec::make(const std::string& own_secret) const {
  backend::StickyOptions options;
  options.mode = backend::parse_sticky_mode(mode).value_or(options.mode);
  options.app_cookie = app_cookie_name;
  options.own_cookie = lb_cookie_name;
  options.expiry = lb_cookie_expire;
  options.secret = secret.empty() ? own_secret : secret;
  return options;
}

void LoadBalanceSpec::validate(const std::string& path, config::Faults& faults) const {
  unsupported.report(path, faults);
  if (policy == "headerHash" && !http::is_token(header_hash_key)) {
    faults.add(config::join_path(path, "headerHashKey"), "must name a header for headerHash");
  }
}

void ServerGroupSpec::validate(const std::string& path, config::Faults& faults) const {
  const std::size_t faults_before = faults.count();
  if (servers.empty()) {
    unsupported.report(path, faults);
  } else {
    unsupported.warn(path, kRegistryBesideServers, faults);
  }
  if (faults.count() == faults_before) validate_servers(path, faults);
}

void ServerGroupSpec::validate_servers(const std::string& path, config::Faults& faults) const {
  const std::string where = config::join_path(path, "servers");
  if (servers.empty()) return faults.add(where, "is required: one server at least");
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const auto server = backend::parse_server_url(servers[i].url);
    if (!server) faults.add(where + "[" + std::to_string(i) + "].url", server.error().message);
  }
  const auto weighted =
      std::ranges::count_if(servers, [](const ServerSpec& s) { return s.weight > 0; });
  if (weighted != 0 && weighted != std::ssize(servers)) {
    faults.add(where, "all servers must have a weight above 0, or none");
  }
  if (chosen().empty()) {
    faults.add(config::join_path(path, "serverTags"),
               "no server has one of these tags: add them to `tags` of a server");
  }
}

std::vector<ServerSpec> ServerGroupSpec::chosen() const {
  if (server_tags.empty()) return servers;
  std::vector<ServerSpec> chosen;
  std::ranges::copy_if(servers, std::back_inserter(chosen), [this](const ServerSpec& server) {
    return std::ranges::find_first_of(server.tags, server_tags) != server.tags.end();
  });
  return chosen;
}

}  // namespace sluice::filters
