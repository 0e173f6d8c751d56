// SPDX-License-Identifier: Apache-2.0
// The end of a process that another one follows.
#include <nlohmann/json.hpp>

#include "control/controller.h"
#include "control/state.h"

namespace sluice::control {
namespace {

// Takes everything as it comes: the new process decides what becomes of it.
std::shared_ptr<const server::ServerPrototype> open_to_all(const server::ServerPrototype& running,
                                                           config::Faults& faults) {
  auto prototype = std::make_shared<server::ServerPrototype>();
  prototype->spec = running.spec;
  prototype->spec.rules.clear();
  prototype->spec.rules.emplace_back().paths.emplace_back().backend = running.spec.name;
  prototype->spec.ip_filter.reset();
  prototype->spec.x_forwarded_for = false;
  prototype->spec.client_max_body_size = -1;
  prototype->router = router::Router::build(prototype->spec, faults);
  prototype->trusted_proxies = running.trusted_proxies;
  prototype->access_format = running.access_format;
  prototype->tls = running.tls;
  prototype->admission = running.admission;
  prototype->state = running.state;
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
  const auto value = config::parse_document(document.dump());
  return value ? pipeline::PipelinePrototype::build(*value, successor, {}, faults) : nullptr;
}

}  // namespace

std::vector<Ports::Open> Controller::ports() const {
  const std::scoped_lock changing(state_->changing);
  return state_->ports.all();
}

void Controller::end_changes() {
  state_->claims.end();
  const std::scoped_lock changing(state_->changing);
  state_->ending = true;
}

void Controller::close_ports() {
  const std::scoped_lock changing(state_->changing);
  state_->ports.close();
}

void Controller::let_go() {
  close_ports();
  const std::unique_lock lock(state_->objects_mutex);
  state_->current.clear();
}

Json Controller::knowledge() const {
  Json known = Json::object();
  for (const auto& [name, object] : state_->objects()) known[name] = control::knowledge(*object);
  return known;
}

bool Controller::hand_over(const pipeline::FilterKinds& successor, Duration patience) {
  ControllerState& s = *state_;
  const std::scoped_lock changing(s.changing);
  config::Faults faults;
  auto snapshot = std::make_shared<server::Snapshot>();
  for (const auto& [name, object] : s.objects()) {
    if (!object->server) continue;
    snapshot->servers.emplace(name, open_to_all(*object->server, faults));
    if (auto pipeline = way_out(name, *object->server->admission, successor, faults))
      snapshot->pipelines.emplace(name, pipeline);
  }
  for (const std::string& line : faults.lines()) s.logger.error("hand-over: " + line);
  return s.workers.retire(std::move(snapshot), patience);
}

}  // namespace sluice::control
