// SPDX-License-Identifier: Apache-2.0
// Publisher: the objects in force, and their publication to the workers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "base/mutex.h"
#include "base/time.h"
#include "control/object.h"
#include "control/ports.h"
#include "pipeline/custom_data.h"
#include "pipeline/state_registry.h"
#include "server/workers.h"

namespace sluice::control {

class Publisher {
 public:
  // Requires: `workers` outlives this, and runs before the first publish().
  // `states` too outlives this. It gets the states of the objects in force.
  Publisher(unsigned core_count, Logger logger, server::Workers& workers,
            pipeline::StateRegistry& states)
      : logger_(std::move(logger)), workers_(workers), states_(states), ports_(core_count) {}

  // Any thread but a worker's.

  // A consistent copy of the map.
  [[nodiscard]] Objects objects() const;
  // Null if no object has that name.
  [[nodiscard]] std::shared_ptr<const Object> find(std::string_view name) const;
  // "", or why that object does not listen as configured.
  [[nodiscard]] std::string port_error(const std::string& name) const;
  [[nodiscard]] bool has_port_errors() const;
  // Whether the object runs as it is stored.
  struct State {
    std::string_view word;  // running, building or failed
    std::string error;      // of a failed object
  };
  [[nodiscard]] State state_of(const Object& object) const;
  // "", or why the object does not run, does not listen as configured, or lacks a pipeline.
  [[nodiscard]] std::string trouble_of(const Object& object) const;
  // Waits, at most `patience`, for a publication after which `reached` returns true. `reached` is
  // called with a lock held.
  void wait(Duration patience, const std::function<bool(const Objects&)>& reached);

  // The functions below are for Changes only, one thread at a time.

  // Parts of the process itself, which every publish() from now on adds to the objects.
  void set_internal(ObjectList objects) { internal_ = std::move(objects); }
  [[nodiscard]] const ObjectList& internal() const { return internal_; }
  // The custom data of the next publish() and of those after it; null: none.
  void set_custom_data(std::shared_ptr<const pipeline::CustomDataSnapshot> data) {
    custom_data_ = std::move(data);
  }
  [[nodiscard]] const std::shared_ptr<const pipeline::CustomDataSnapshot>& custom_data() const {
    return custom_data_;
  }
  // Opens ports, and returns when every core has swapped. A port that cannot be bound is recorded,
  // and retried by the next call.
  void publish(Objects next);
  // From the next publish() on, servers no longer wait for their pipelines.
  void open_all() { all_open_ = true; }
  // Control drops the objects in force. The cores keep serving them.
  void forget();
  [[nodiscard]] Ports& ports() { return ports_; }

 private:
  [[nodiscard]] server::Workers::Listeners assign_ports(const Objects& next);
  void replace(Objects next);
  [[nodiscard]] bool may_open(const Object& server, const Objects& all) const;
  [[nodiscard]] std::string absent_pipeline(const Object& server) const;

  const Logger logger_;
  server::Workers& workers_;
  pipeline::StateRegistry& states_;
  Ports ports_;
  ObjectList internal_;
  std::shared_ptr<const pipeline::CustomDataSnapshot> custom_data_;
  bool all_open_ = false;
  mutable SharedMutex mutex_;
  Objects current_ SLUICE_GUARDED_BY(mutex_);
  std::map<std::string, std::string> port_errors_ SLUICE_GUARDED_BY(mutex_);
  Mutex settling_;     // held to announce a publication, so that no waiter misses one
  Condition settled_;  // notified after each publication
};

}  // namespace sluice::control
