// SPDX-License-Identifier: Apache-2.0
#include "control/kinds/http_server.h"

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "base/encoding.h"
#include "config/from_json.h"
#include "control/kinds/part_pipeline.h"
#include "server/route_stats.h"
#include "server/tls_settings.h"

namespace sluice::control {
namespace {

// The keys of TLS tickets. A new server begins with those of the process before.
struct Tickets final : net::TicketKeys {
  [[nodiscard]] Json knowledge() const { return base64_encode(save()); }
  void learn(const config::Value& value) {
    const auto keys = base64_decode(value.scalar);
    // If the keys do not decode, clients make a full handshake.
    if (keys) (void)restore(*keys, Clock::now());
  }
};

// The only filter of the pipeline of a backendPool.
constexpr std::string_view kPoolFilter = "backendPool";
constexpr std::string_view kPoolPlace = "filters[0].pools[0]";

std::string path_place(std::size_t rule, std::size_t path) {
  return "rules[" + std::to_string(rule) + "].paths[" + std::to_string(path) + "]";
}

// The name of that pipeline on the cores. No object can have it.
std::string pool_key(const std::string& server, const std::string& place) {
  return server + "/" + place;
}

// A Pipeline with the pool in a Proxy.
config::Value pool_document(const std::string& server, const config::Value& pool) {
  config::Value pools;
  pools.kind = config::Value::Kind::sequence;
  pools.items.push_back(pool);
  config::Value proxy = config::from_json(Json{{"name", kPoolFilter}, {"kind", "Proxy"}});
  proxy.members.push_back({"pools", std::move(pools)});
  config::Value filters;
  filters.kind = config::Value::Kind::sequence;
  filters.items.push_back(std::move(proxy));
  config::Value document = config::from_json(Json{{"name", server}, {"kind", "Pipeline"}});
  document.members.push_back({"filters", std::move(filters)});
  return document;
}

// Builds the pipelines of the paths with a backendPool, and lets these paths lead there.
HttpServerObject::Pools build_pools(server::HttpServerSpec& spec, const BuildContext& context,
                                    config::Faults& faults) {
  HttpServerObject::Pools pools;
  std::map<std::string, unsigned> of_name;
  for (std::size_t i = 0; i < spec.rules.size(); ++i) {
    for (std::size_t j = 0; j < spec.rules[i].paths.size(); ++j) {
      router::PathSpec& path = spec.rules[i].paths[j];
      if (!path.has_pool() || !path.backend.empty()) continue;
      const std::string place = path_place(i, j);
      // A pool keeps its counts and the states of its servers when its path moves to another place.
      const std::string name = server::route_name(spec.rules[i], path);
      const std::string kept = name + " " + std::to_string(of_name[name]++);
      auto built =
          build_part(pool_document(spec.name, path.backend_pool.value), place + ".backendPool",
                     kPoolPlace, context.states.within(kept), context, faults);
      path.backend = pool_key(spec.name, place);
      if (built) pools.emplace(place, std::move(built));
    }
  }
  return pools;
}

// The Tracer of the generation in force goes on if its settings are the same. Null: the server has
// no tracing.
std::shared_ptr<tracing::Tracer> build_tracer(const server::HttpServerSpec& spec,
                                              const BuildContext& context,
                                              const TracingServices& services) {
  const tracing::Environment& environment = services.environment;
  if (environment.disabled || (!spec.tracing && !environment.asks_for_traces)) return nullptr;
  const tracing::Settings settings =
      spec.tracing.value_or(tracing::TracingSpec()).resolve(environment, spec.name);
  return context.states.keep("tracing", settings, [&] {
    return std::make_shared<tracing::Tracer>(settings, context.core_count, services.thread,
                                             services.logger);
  });
}

std::shared_ptr<const ObjectPrototype> build_http_server(const config::Value& document,
                                                         const BuildContext& context,
                                                         config::Faults& faults,
                                                         const TracingServices& tracing) {
  const std::size_t faults_before = faults.count();
  auto prototype = std::make_shared<server::ServerPrototype>();
  prototype->spec = config::decode<server::HttpServerSpec>(document, "", faults);
  prototype->spec.validate(faults);
  server::HttpServerSpec routed = prototype->spec;
  HttpServerObject::Pools pools;
  if (!routed.name.empty()) pools = build_pools(routed, context, faults);
  prototype->router = router::Router::build(routed, faults);
  prototype->trusted_proxies =
      router::TrustedProxies(prototype->spec.trusted_proxies, prototype->spec.x_real_ip);
  if (prototype->spec.request_id)
    prototype->request_id_fields.add(prototype->spec.request_id->header);
  if (!prototype->spec.access_log_format.empty()) {
    if (auto format = observe::AccessFormat::parse(prototype->spec.access_log_format)) {
      prototype->access_format = *std::move(format);
    } else {
      faults.add("accessLogFormat", format.error().message);
    }
  }
  prototype->counters = context.states.keep(
      "counters", [&] { return std::make_shared<server::ServerCounters>(context.core_count); });
  prototype->routes = prototype->counters->routes.counts_of(routed.rules);
  prototype->tickets = context.states.keep("tickets", [] { return std::make_shared<Tickets>(); });
  prototype->tls = server::make_tls(prototype->spec, prototype->tickets, faults);
  if (faults.count() != faults_before) return nullptr;
  prototype->tracer = build_tracer(prototype->spec, context, tracing);
  prototype->admission = std::make_shared<const server::Admission>(
      server::Admission::of(prototype->spec, prototype->tls.get()));
  const std::string own = prototype->spec.listen_address();
  std::string address = own.empty() ? std::string(context.bind_address) : own;
  return std::make_shared<HttpServerObject>(std::move(prototype), std::move(address),
                                            std::move(pools));
}

}  // namespace

Json HttpServerObject::spec() const {
  Json json = config::encode(server_->spec);
  for (std::size_t i = 0; i < server_->spec.rules.size(); ++i) {
    for (std::size_t j = 0; j < server_->spec.rules[i].paths.size(); ++j) {
      const auto pool = pools_.find(path_place(i, j));
      if (pool == pools_.end()) continue;
      json["rules"][i]["paths"][j]["backendPool"] = pool->second->spec()["filters"][0]["pools"][0];
    }
  }
  return json;
}

void HttpServerObject::publish(const std::string& name, server::Snapshot& next) const {
  if (server_->tracer) server_->tracer->start();
  next.servers.emplace(name, server_);
  for (const auto& [place, pool] : pools_) next.pipelines.emplace(pool_key(name, place), pool);
}

void HttpServerObject::sample() const {
  server_->counters->stats.sample();
  for (const auto& [place, pool] : pools_) pool->sample();
}

net::CertificateEnds HttpServerObject::certificates() const {
  net::CertificateEnds ends;
  if (server_->tls) ends = server_->tls->certificates();
  for (const auto& [place, pool] : pools_) add_certificates(*pool, place + ".backendPool", ends);
  return ends;
}

std::optional<ObjectPrototype::Listening> HttpServerObject::listens() const {
  return Listening{address_, server_->spec.port};
}

std::vector<std::string> HttpServerObject::pipelines() const {
  std::vector<std::string> names;
  for (const router::RuleSpec& rule : server_->spec.rules) {
    for (const router::PathSpec& path : rule.paths) {
      if (!path.has_pool()) names.push_back(path.backend);
    }
  }
  return names;
}

std::vector<ObjectPrototype::Reference> HttpServerObject::references() const {
  std::vector<Reference> references;
  if (!server_->spec.global_filter.empty())
    references.push_back({"globalFilter", "GlobalFilter", server_->spec.global_filter});
  for (std::size_t i = 0; i < server_->spec.rules.size(); ++i) {
    const auto& paths = server_->spec.rules[i].paths;
    for (std::size_t j = 0; j < paths.size(); ++j) {
      if (!paths[j].has_pool())
        references.push_back({path_place(i, j) + ".backend", "Pipeline", paths[j].backend});
    }
  }
  return references;
}

ObjectKind http_server_kind(const TracingServices& tracing) {
  return {.category = "Traffic gate",
          .kind = "HTTPServer",
          .name = "httpserver",
          .aliases = {"httpservers", "hs"},
          .schema = config::schema<server::HttpServerSpec>,
          .defaults = [] { return config::encode(server::HttpServerSpec{}); },
          .build =
              [tracing](const config::Value& document, const BuildContext& context,
                        config::Faults& faults) {
                return build_http_server(document, context, faults, tracing);
              },
          .about = "Listens on a port, and sends requests to pipelines by rules."};
}

}  // namespace sluice::control
