// SPDX-License-Identifier: Apache-2.0
#include "control/object.h"

#include <nlohmann/json.hpp>

#include "base/encoding.h"
#include "server/tls_settings.h"

namespace sluice::control {
namespace {

constexpr const char* kTickets = "tickets";

std::string scalar(const config::Value& document, std::string_view name) {
  const config::Value* value = document.find(name);
  return value != nullptr && value->kind == config::Value::Kind::scalar ? value->scalar : "";
}

std::shared_ptr<server::ServerState> make_state(unsigned core_count, const config::Value* known) {
  auto state = std::make_shared<server::ServerState>(core_count);
  const config::Value* tickets = known != nullptr ? known->find(kTickets) : nullptr;
  const auto keys = base64_decode(tickets != nullptr ? tickets->scalar : "");
  // Without them clients make a full handshake.
  if (keys) (void)state->tickets->restore(*keys, Clock::now());
  return state;
}

std::shared_ptr<const server::ServerPrototype> build_server(const config::Value& document,
                                                            const Object* previous,
                                                            unsigned core_count,
                                                            const config::Value* known,
                                                            config::Faults& faults) {
  const std::size_t faults_before = faults.count();
  auto prototype = std::make_shared<server::ServerPrototype>();
  prototype->spec = config::decode<router::HttpServerSpec>(document, "", faults);
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
  prototype->state = previous != nullptr && previous->server ? previous->server->state
                                                             : make_state(core_count, known);
  prototype->tls = server::make_tls(prototype->spec, prototype->state->tickets, faults);
  if (faults.count() != faults_before) return nullptr;
  prototype->admission = std::make_shared<const server::Admission>(
      server::Admission::of(prototype->spec, prototype->tls.get()));
  return prototype;
}

Json without_time(Json spec) {
  spec.erase("createdAt");
  return spec;
}

}  // namespace

std::string name_of(const config::Value& document) { return scalar(document, "name"); }
std::string kind_of(const config::Value& document) { return scalar(document, "kind"); }

bool same_spec(const Object& a, const Object& b) {
  return without_time(a.spec) == without_time(b.spec);
}

std::shared_ptr<Object> build_object(const config::Value& document,
                                     const pipeline::FilterKinds& kinds,
                                     const Background& background, unsigned core_count,
                                     config::Faults& faults) {
  if (document.kind != config::Value::Kind::map) {
    faults.add("", "an object must be a map with name and kind");
    return nullptr;
  }
  auto object = std::make_shared<Object>();
  object->name = name_of(document);
  object->kind = kind_of(document);
  if (object->kind == "HTTPServer") {
    object->server =
        build_server(document, background.previous, core_count, background.known, faults);
    if (object->server) object->spec = config::encode(object->server->spec);
  } else if (object->kind == "Pipeline") {
    const Object* previous = background.previous;
    object->pipeline = pipeline::PipelinePrototype::build(
        document, kinds,
        {.previous = previous != nullptr ? previous->pipeline.get() : nullptr,
         .known = background.known,
         .pins = previous != nullptr && previous->pins.is_object() ? &previous->pins : nullptr,
         .fresh = background.fresh,
         .stop = background.stop},
        faults);
    if (object->pipeline) {
      object->spec = object->pipeline->spec();
      object->pins = object->pipeline->pins();
    }
  } else if (object->kind.empty()) {
    faults.add("kind", "is required (HTTPServer or Pipeline)");
  } else {
    faults.add("kind", "kind \"" + object->kind + "\" not found" +
                           config::suggestion(object->kind, {"HTTPServer", "Pipeline"}) +
                           " (kinds: HTTPServer, Pipeline)");
  }
  return object->server || object->pipeline ? object : nullptr;
}

std::shared_ptr<Object> build_stored(const Object& stored, const pipeline::FilterKinds& kinds,
                                     const Background& background, unsigned core_count,
                                     config::Faults& faults) {
  const auto document = config::parse_document(stored.spec.dump());
  if (!document) {
    faults.add("", document.error().message);
    return nullptr;
  }
  auto built = build_object(*document, kinds, background, core_count, faults);
  if (built) built->spec["createdAt"] = stored.spec.value("createdAt", "");
  return built;
}

Json knowledge(const Object& object) {
  if (object.pipeline) return object.pipeline->knowledge();
  if (!object.server) return nullptr;
  return {{kTickets, base64_encode(object.server->state->tickets->save())}};
}

}  // namespace sluice::control
