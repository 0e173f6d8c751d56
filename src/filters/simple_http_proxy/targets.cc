// SPDX-License-Identifier: Apache-2.0
#include "filters/simple_http_proxy/targets.h"

#include <utility>

#include "base/host_port.h"

namespace sluice::filters {
namespace {

class TargetRule final : public backend::AddressRule {
 public:
  TargetRule(std::shared_ptr<const Destinations> allowed, Destinations::Grant grant)
      : allowed_(std::move(allowed)), grant_(grant) {}
  Result<void> check(const net::Endpoint& endpoint) const override {
    return allowed_->check(endpoint, grant_);
  }

 private:
  std::shared_ptr<const Destinations> allowed_;
  Destinations::Grant grant_;
};

}  // namespace

Targets::Targets(const loop::Core& core, std::shared_ptr<const Destinations> allowed,
                 backend::ClientOptions options)
    : core_(core), allowed_(std::move(allowed)), options_(std::move(options)) {}

Result<std::shared_ptr<backend::Client>> Targets::find(const http::Request& request) {
  const std::string_view scheme = request.scheme == "https" ? "https://" : "http://";
  if (!http::is_host(request.host)) return fail(ErrorKind::invalid, "the request names no host");
  const std::string host = plain_host(split_host_port(request.host).host);
  SLUICE_TRY(backend::Server server,
             backend::parse_server_url(std::string(scheme).append(request.host)));
  const std::string key = std::string(scheme) + format_host_port(host, server.port);
  if (const auto known = by_key_.find(key); known != by_key_.end()) {
    used_.splice(used_.begin(), used_, known->second);
    return known->second->client;
  }
  SLUICE_TRY(const Destinations::Grant grant, allowed_->find(host, server.port));
  server.host = host;
  if (used_.size() >= kTargetsMax) {
    by_key_.erase(used_.back().key);
    used_.pop_back();
  }
  used_.push_front({key, make(server, grant)});
  by_key_.emplace(used_.front().key, used_.begin());
  return used_.front().client;
}

std::shared_ptr<backend::Client> Targets::make(const backend::Server& server,
                                               Destinations::Grant grant) const {
  backend::ClientOptions options = options_;
  options.connector.rule = std::make_shared<TargetRule>(allowed_, grant);
  // Other cores have targets of their own.
  backend::ServerStates states{std::make_shared<backend::ServerState>(core_.index + 1)};
  auto servers = std::make_shared<const backend::Servers>(backend::Servers{server});
  return std::make_shared<backend::Client>(core_, std::move(servers), std::move(states), options);
}

}  // namespace sluice::filters
