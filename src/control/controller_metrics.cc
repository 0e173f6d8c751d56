// SPDX-License-Identifier: Apache-2.0
// The figures of all objects and of the process, for Prometheus.
#include "control/controller.h"
#include "control/metrics.h"
#include "control/state.h"

namespace sluice::control {

void Controller::expose(observe::Exposition& out) const {
  const MemoryBudget& memory = state_->workers.memory();
  ObjectCounts counts;
  for (const auto& [name, object] : state_->publisher.objects()) {
    const std::string_view word = state_->publisher.state_of(*object).word;
    ++(word == "running" ? counts.running : word == "building" ? counts.building : counts.failed);
    if (!object->runs()) continue;
    const std::string port_error = state_->publisher.port_error(name);
    object->prototype->expose({.port_error = port_error, .memory = memory}, out);
  }
  expose_objects(counts, config_version(), out);
  expose_reloads(state_->reloads, out);
  expose_certificates(certificates(), out);
  expose_memory(memory, out);
  expose_store(state_->store, out);
  expose_access_log(state_->workers.dropped_log_lines(), out);
  state_->process_figures.expose(out);
}

ReloadCounts& Controller::reloads() { return state_->reloads; }

bool Controller::is_built() const {
  for (const auto& [name, object] : state_->publisher.objects()) {
    if (object->is_being_built()) return false;
  }
  return true;
}

}  // namespace sluice::control
