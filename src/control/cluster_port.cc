// SPDX-License-Identifier: Apache-2.0
#include "control/cluster_port.h"

#include <nlohmann/json.hpp>

#include "config/from_json.h"
#include "control/kinds/http_server.h"
#include "control/kinds/pipeline.h"
#include "server/tls_settings.h"

namespace sluice::control {
namespace {

// Exchanges of one member wait on few connections, and each may have a body.
constexpr std::int64_t kMemberMemory = std::int64_t{256} << 20;
constexpr std::int64_t kMemberBodyBytesMax = std::int64_t{33} << 20;
// Longer than members keep a connection that is idle, so that they close it.
constexpr std::chrono::minutes kMemberIdleMax{10};

std::shared_ptr<server::ServerPrototype> make_server(
    const ClusterPort& port, std::shared_ptr<server::ServerCounters> counters,
    config::Faults& faults) {
  auto prototype = std::make_shared<server::ServerPrototype>();
  server::HttpServerSpec& spec = prototype->spec;
  spec.name = kClusterPortName;
  spec.address = port.address;
  spec.port = port.port;
  spec.keep_alive_timeout = kMemberIdleMax;
  spec.connection_memory = kMemberMemory;
  spec.client_max_body_size = kMemberBodyBytesMax;
  spec.rules.emplace_back().paths.emplace_back().backend = kClusterPortName;
  spec.https = !port.certificate.empty() || !port.key.empty() || !port.authorities.empty();
  spec.cert_base64 = port.certificate;
  spec.key_base64 = port.key;
  spec.ca_cert_base64 = port.authorities;
  if (spec.https && port.authorities.empty())
    faults.add("", "members must show certificates, so authorities are needed");
  prototype->router = router::Router::build(spec, faults);
  prototype->counters = std::move(counters);
  prototype->tickets = std::make_shared<net::TicketKeys>();
  prototype->tls = server::make_tls(spec, prototype->tickets, faults);
  prototype->admission =
      std::make_shared<const server::Admission>(server::Admission::of(spec, prototype->tls.get()));
  prototype->internal = true;
  return prototype;
}

std::shared_ptr<const Object> internal_object(std::shared_ptr<const ObjectPrototype> prototype) {
  auto object = std::make_shared<Object>();
  object->name = kClusterPortName;
  object->prototype = std::move(prototype);
  return object;
}

}  // namespace

Result<ObjectList> build_cluster_port(const ClusterPort& port, unsigned core_count) {
  config::Faults faults;
  auto server = make_server(port, std::make_shared<server::ServerCounters>(core_count), faults);
  const Json document{
      {"name", "cluster"},
      {"kind", "Pipeline"},
      {"filters",
       Json::array({{{"name", "cluster"}, {"kind", std::string(port.filters[0]->name())}}})}};
  auto pipeline =
      pipeline::PipelinePrototype::build(config::from_json(document), port.filters, {}, faults);
  if (!faults.empty()) return std::unexpected(faults.to_error());
  ObjectList objects;
  objects.push_back(internal_object(make_pipeline(std::move(pipeline))));
  objects.push_back(
      internal_object(std::make_shared<HttpServerObject>(std::move(server), port.address)));
  return objects;
}

Result<ObjectList> renew_cluster_port_in(const ObjectList& built, const ClusterPort& port) {
  ObjectList renewed = built;
  for (auto& object : renewed) {
    const auto* its = dynamic_cast<const HttpServerObject*>(object->prototype.get());
    if (its == nullptr) continue;
    config::Faults faults;
    auto server = make_server(port, its->server().counters, faults);
    if (!faults.empty()) return std::unexpected(faults.to_error());
    object = internal_object(std::make_shared<HttpServerObject>(std::move(server), port.address));
  }
  return renewed;
}

}  // namespace sluice::control
