// SPDX-License-Identifier: Apache-2.0
// The hand-over of a controller's ports and knowledge to a successor process.
#include <nlohmann/json.hpp>

#include "control/controller.h"
#include "control/state.h"

namespace sluice::control {

std::vector<Ports::Open> Changes::ports() {
  const MutexLock hold(mutex_);
  return publisher_.ports().all();
}

void Changes::close_ports() {
  const MutexLock hold(mutex_);
  publisher_.ports().close();
}

bool Changes::hand_over(const pipeline::FilterKinds& successor, server::Workers& workers,
                        Duration patience) {
  const MutexLock hold(mutex_);
  config::Faults faults;
  auto last = std::make_shared<server::Snapshot>();
  for (const auto& [name, object] : publisher_.objects()) {
    if (object->runs()) object->prototype->hand_over(name, successor, *last, faults);
  }
  for (const std::string& line : faults.lines()) logger_.error("hand-over: " + line);
  last->custom_data = publisher_.custom_data();  // for the requests in flight
  return workers.retire(std::move(last), patience);
}

std::vector<Ports::Open> Controller::ports() const { return state_->changes.ports(); }

void Controller::end_changes() {
  state_->claims.end();
  state_->custom_data.end();
  state_->changes.end();
}

void Controller::close_ports() { state_->changes.close_ports(); }

void Controller::let_go() {
  close_ports();
  state_->publisher.forget();
}

Json Controller::knowledge() const { return state_->states.knowledge(); }

bool Controller::hand_over(const pipeline::FilterKinds& successor, Duration patience) {
  return state_->changes.hand_over(successor, state_->workers, patience);
}

}  // namespace sluice::control
