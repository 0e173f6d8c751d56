// SPDX-License-Identifier: Apache-2.0
// The start and the stop of a controller.
#include "control/controller.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "control/kinds/all.h"
#include "control/state.h"

namespace sluice::control {
namespace {

// The time that a start waits for builds before all ports open.
constexpr std::chrono::seconds kStartPatience{3};
// The same after a hand-over, for what ran in the predecessor, which holds the requests meanwhile.
// Less than the predecessor's patience.
constexpr std::chrono::seconds kHandOverPatience{240};
constexpr std::chrono::seconds kProgressPeriod{5};
constexpr std::chrono::milliseconds kLook{200};

bool all_there(const Objects& objects) {
  return std::ranges::none_of(objects,
                              [](const auto& entry) { return entry.second->is_being_built(); });
}

// The objects of Controller::rehearsal() that are still being built; of all if it is null.
std::string built_later(const Objects& objects, const Json& ran) {
  std::set<std::string> names;
  for (const Json& entry : ran.is_array() ? ran : Json::array()) {
    if (const auto spec = entry.find("spec"); spec != entry.end() && spec->is_object())
      names.insert(spec->value("name", ""));
  }
  std::string text;
  for (const auto& [name, object] : objects) {
    if (!object->is_being_built() || (ran.is_array() && !names.contains(name))) continue;
    text += (text.empty() ? "" : ", ") + object->kind + " " + name;
  }
  return text;
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
  return start(std::move(inherited), known, std::nullopt);
}

// A request of an object that is being built gets 503, and the predecessor answered it.
void Controller::wait_for_builds(const TakenOver& taken_over) {
  ControllerState& s = *state_;
  const TimePoint end = Clock::now() + kHandOverPatience;
  TimePoint next_line = Clock::now() + kProgressPeriod;
  while (Clock::now() < end && !(taken_over.given_up && taken_over.given_up())) {
    s.publisher.wait(kLook, [&](const Objects& objects) {
      return built_later(objects, taken_over.ran).empty();
    });
    const std::string waiting = built_later(s.publisher.objects(), taken_over.ran);
    if (waiting.empty()) return;
    if (Clock::now() < next_line) continue;
    next_line = Clock::now() + kProgressPeriod;
    s.logger.info("hand-over: requests wait until these are built: " + waiting);
  }
}

Result<void> Controller::start(std::vector<InheritedPort> inherited, const config::Value& known,
                               const std::optional<TakenOver>& taken_over) {
  ControllerState& s = *state_;
  if (s.cluster_port) {
    SLUICE_TRY(auto internal, build_cluster_port(*s.cluster_port, s.workers.count()));
    s.publisher.set_internal(std::move(internal));
  }
  s.states.inherit(known);
  SLUICE_CHECK(s.custom_data.load());
  SLUICE_CHECK(s.changes.load(std::move(inherited)));
  s.loader.build_missing();
  if (taken_over) {
    wait_for_builds(*taken_over);
  } else {
    s.publisher.wait(kStartPatience, all_there);
  }
  s.changes.open_ports();
  s.housekeeper.start();
  s.code_judge.start();
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
  state_->code_judge.stop();
  state_->housekeeper.stop();
}

}  // namespace sluice::control
