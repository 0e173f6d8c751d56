// SPDX-License-Identifier: Apache-2.0
// The end of an HTTPServer in a process that hands over to a successor.
#include <nlohmann/json.hpp>

#include "config/from_json.h"
#include "control/kinds/http_server.h"

namespace sluice::control {
namespace {

// Accepts every request without rules or limits: the successor applies its own. It does not see
// connections and streams, so their limits stay.
std::shared_ptr<const server::ServerPrototype> open_to_all(const server::ServerPrototype& running,
                                                           config::Faults& faults) {
  auto prototype = std::make_shared<server::ServerPrototype>();
  prototype->spec = running.spec;
  prototype->spec.rules.clear();
  prototype->spec.rules.emplace_back().paths.emplace_back().backend = running.spec.name;
  prototype->spec.ip_filter.reset();
  prototype->spec.client_limits.requests_per_second = 0;
  prototype->spec.x_forwarded_for = false;
  prototype->spec.global_filter.clear();
  prototype->spec.client_max_body_size = -1;
  prototype->router = router::Router::build(prototype->spec, faults);
  prototype->trusted_proxies = running.trusted_proxies;
  prototype->access_format = running.access_format;
  prototype->tls = running.tls;
  prototype->admission = running.admission;
  prototype->counters = running.counters;
  prototype->handed_over = true;
  return prototype;
}

std::shared_ptr<const pipeline::PipelinePrototype> way_out(const std::string& server,
                                                           const server::Admission& admission,
                                                           const pipeline::FilterKinds& successor,
                                                           config::Faults& faults) {
  const Json document{{"name", server},
                      {"kind", "Pipeline"},
                      {"filters", Json::array({{{"name", "successor"},
                                                {"kind", successor[0]->name()},
                                                {"server", server},
                                                {"admission", admission.text()}}})}};
  return pipeline::PipelinePrototype::build(config::from_json(document), successor, {}, faults);
}

}  // namespace

void HttpServerObject::hand_over(const std::string& name, const pipeline::FilterKinds& successor,
                                 server::Snapshot& next, config::Faults& faults) const {
  next.servers.emplace(name, open_to_all(*server_, faults));
  if (auto pipeline = way_out(name, *server_->admission, successor, faults))
    next.pipelines.emplace(name, std::move(pipeline));
}

}  // namespace sluice::control
