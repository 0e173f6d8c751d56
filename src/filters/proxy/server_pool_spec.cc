// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy/server_pool_spec.h"

#include <algorithm>

#include "backend/server.h"
#include "http/headers.h"

namespace sluice::filters {

void LoadBalanceSpec::validate(const std::string& path, config::Faults& faults) const {
  unsupported.report(path, faults);
  if (policy == "headerHash" && !http::is_token(header_hash_key)) {
    faults.add(config::join_path(path, "headerHashKey"), "must name a header for headerHash");
  }
}

void ServerPoolSpec::validate(const std::string& path, config::Faults& faults) const {
  unsupported.report(path, faults);
  const std::string where = config::join_path(path, "servers");
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const auto server = backend::parse_server_url(servers[i].url);
    if (!server) faults.add(where + "[" + std::to_string(i) + "].url", server.error().message);
  }
  const auto weighted =
      std::ranges::count_if(servers, [](const ServerSpec& s) { return s.weight > 0; });
  if (weighted != 0 && weighted != std::ssize(servers)) {
    faults.add(where, "all servers must have a weight above 0, or none");
  }
}

}  // namespace sluice::filters
