// SPDX-License-Identifier: Apache-2.0
// The start and the stop of a controller.
#include "control/controller.h"

#include <algorithm>

#include "control/kinds/all.h"
#include "control/state.h"

namespace sluice::control {
namespace {

// The time that a start waits for builds before all ports open.
constexpr std::chrono::seconds kStartPatience{3};

bool all_there(const Objects& objects) {
  return std::ranges::none_of(objects,
                              [](const auto& entry) { return entry.second->is_being_built(); });
}

}  // namespace

Controller::Controller(Options options, Logger logger, store::Store& store,
                       server::Workers& workers, pipeline::FilterKinds filter_kinds)
    : Controller(std::move(options), std::move(logger), store, workers, std::move(filter_kinds),
                 all_kinds()) {}

Controller::Controller(Options options, Logger logger, store::Store& store,
                       server::Workers& workers, pipeline::FilterKinds filter_kinds,
                       ObjectKinds object_kinds)
    : state_(std::make_unique<ControllerState>(
          options.core_count, options.member_name, std::move(logger), store, workers,
          std::move(filter_kinds), std::move(object_kinds), std::move(options.bind_address))) {
  state_->cluster_port = std::move(options.cluster_port);
}

Controller::~Controller() { stop(); }

Result<void> Controller::start(std::vector<InheritedPort> inherited, const config::Value& known) {
  ControllerState& s = *state_;
  if (s.cluster_port) {
    SLUICE_TRY(auto internal, build_cluster_port(*s.cluster_port, s.workers.count()));
    s.publisher.set_internal(std::move(internal));
  }
  s.states.inherit(known);
  SLUICE_CHECK(s.custom_data.load());
  SLUICE_CHECK(s.changes.load(std::move(inherited)));
  s.loader.build_missing();
  s.publisher.wait(kStartPatience, all_there);
  s.changes.open_ports();
  s.housekeeper.start();
  if (s.store.is_shared()) s.follower.start();
  return {};
}

Result<void> Controller::renew_cluster_port(const net::KeyPair& pair,
                                            const std::string& authorities) {
  ControllerState& s = *state_;
  ClusterPort next;
  next.address = s.cluster_port->address;
  next.port = s.cluster_port->port;
  next.certificate = pair.certificate;
  next.key = pair.key;
  next.authorities = authorities;
  return s.changes.renew_internal(
      [&](const ObjectList& internal) { return renew_cluster_port_in(internal, next); });
}

void Controller::stop() {
  state_->claims.end();
  state_->follower.stop();
  state_->crew.stop();
  state_->housekeeper.stop();
}

}  // namespace sluice::control
