// SPDX-License-Identifier: Apache-2.0
#include "control/kinds/http_server.h"

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "server/tls_settings.h"

namespace sluice::control {
namespace {

constexpr const char* kTickets = "tickets";

// Takes over the state of the running server of that name. A new server begins with the ticket keys
// of the predecessor process.
std::shared_ptr<server::ServerCounters> counters_of(const BuildContext& context) {
  const Object* previous = context.background.previous;
  if (previous != nullptr) {
    const auto* running = dynamic_cast<const HttpServerObject*>(previous->prototype.get());
    if (running != nullptr) return running->server().counters;
  }
  auto counters = std::make_shared<server::ServerCounters>(context.core_count);
  const config::Value* known = context.background.known;
  const config::Value* tickets = known != nullptr ? known->find(kTickets) : nullptr;
  const auto keys = base64_decode(tickets != nullptr ? tickets->scalar : "");
  // If the keys do not decode, clients make a full handshake.
  if (keys) (void)counters->tickets->restore(*keys, Clock::now());
  return counters;
}

std::shared_ptr<const ObjectPrototype> build(const config::Value& document,
                                             const BuildContext& context, config::Faults& faults) {
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
  prototype->counters = counters_of(context);
  prototype->tls = server::make_tls(prototype->spec, prototype->counters->tickets, faults);
  if (faults.count() != faults_before) return nullptr;
  prototype->admission = std::make_shared<const server::Admission>(
      server::Admission::of(prototype->spec, prototype->tls.get()));
  return std::make_shared<HttpServerObject>(std::move(prototype));
}

}  // namespace

Json HttpServerObject::spec() const { return config::encode(server_->spec); }

void HttpServerObject::publish(const std::string& name, server::Snapshot& next) const {
  next.servers.emplace(name, server_);
}

Json HttpServerObject::knowledge() const {
  return {{kTickets, base64_encode(server_->counters->tickets->save())}};
}

std::optional<ObjectPrototype::Listening> HttpServerObject::listens() const {
  return Listening{server_->spec.address, server_->spec.port};
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
          .build = build};
}

}  // namespace sluice::control
