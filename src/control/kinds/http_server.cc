// SPDX-License-Identifier: Apache-2.0
#include "control/kinds/http_server.h"

#include <nlohmann/json.hpp>

#include "base/encoding.h"
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

std::shared_ptr<const ObjectPrototype> build_http_server(const config::Value& document,
                                                         const BuildContext& context,
                                                         config::Faults& faults) {
  const std::size_t faults_before = faults.count();
  auto prototype = std::make_shared<server::ServerPrototype>();
  prototype->spec = config::decode<server::HttpServerSpec>(document, "", faults);
  prototype->spec.validate(faults);
  prototype->router = router::Router::build(prototype->spec, faults);
  prototype->trusted_proxies = router::TrustedProxies(prototype->spec.trusted_proxies);
  if (!prototype->spec.access_log_format.empty()) {
    if (auto format = observe::AccessFormat::parse(prototype->spec.access_log_format)) {
      prototype->access_format = *std::move(format);
    } else {
      faults.add("accessLogFormat", format.error().message);
    }
  }
  prototype->counters = context.states.keep(
      "counters", [&] { return std::make_shared<server::ServerCounters>(context.core_count); });
  prototype->tickets = context.states.keep("tickets", [] { return std::make_shared<Tickets>(); });
  prototype->tls = server::make_tls(prototype->spec, prototype->tickets, faults);
  if (faults.count() != faults_before) return nullptr;
  prototype->admission = std::make_shared<const server::Admission>(
      server::Admission::of(prototype->spec, prototype->tls.get()));
  const std::string own = prototype->spec.listen_address();
  std::string address = own.empty() ? std::string(context.bind_address) : own;
  return std::make_shared<HttpServerObject>(std::move(prototype), std::move(address));
}

}  // namespace

Json HttpServerObject::spec() const { return config::encode(server_->spec); }

void HttpServerObject::publish(const std::string& name, server::Snapshot& next) const {
  next.servers.emplace(name, server_);
}

std::optional<ObjectPrototype::Listening> HttpServerObject::listens() const {
  return Listening{address_, server_->spec.port};
}

std::vector<std::string> HttpServerObject::pipelines() const {
  std::vector<std::string> names;
  for (const router::RuleSpec& rule : server_->spec.rules) {
    for (const router::PathSpec& path : rule.paths) names.push_back(path.backend);
  }
  return names;
}

ObjectKind http_server_kind() {
  return {.category = "Traffic gate",
          .kind = "HTTPServer",
          .name = "httpserver",
          .aliases = {"httpservers", "hs"},
          .schema = config::schema<server::HttpServerSpec>,
          .defaults = [] { return config::encode(server::HttpServerSpec{}); },
          .build = build_http_server};
}

}  // namespace sluice::control
