// SPDX-License-Identifier: Apache-2.0
// Publisher: the objects in force, and the way of others into force.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/mutex.h"
#include "base/time.h"
#include "control/object.h"
#include "control/ports.h"
#include "server/workers.h"

namespace sluice::control {

class Publisher {
 public:
  // `workers` outlives this, and run before the first publish().
  Publisher(unsigned core_count, Logger logger, server::Workers& workers)
      : logger_(std::move(logger)), workers_(workers), ports_(core_count) {}

  // Any thread but a worker's.

  // A consistent copy of the pointers.
  [[nodiscard]] Objects objects() const;
  // Null if there is none.
  [[nodiscard]] std::shared_ptr<const Object> find(std::string_view name) const;
  // "" or why that object does not listen where it should.
  [[nodiscard]] std::string port_error(const std::string& name) const;
  [[nodiscard]] bool has_port_errors() const;
  // "" or why it does not run, not where it should, or not with what it names.
  [[nodiscard]] std::string trouble_of(const Object& object) const;
  // Waits, at most `patience`, until a publication after which `reached` says true. It is called
  // with a lock held.
  void wait(Duration patience, const std::function<bool(const Objects&)>& reached);

  // The rest by Changes, one thread at a time.

  // Opens ports, and returns when every core has swapped. A port that cannot be had is noted, and
  // tried again by the next call.
  void publish(Objects next);
  // From now on servers do not wait for their pipelines any more; for the next publish().
  void open_all() { all_open_ = true; }
  // Nothing is in force any more, as far as control is concerned: the cores go on.
  void forget();
  [[nodiscard]] Ports& ports() { return ports_; }

 private:
  [[nodiscard]] server::Workers::Listeners assign_ports(const Objects& next);
  [[nodiscard]] bool may_open(const Object& server, const Objects& all) const;
  [[nodiscard]] std::string absent_pipeline(const Object& server) const;

  const Logger logger_;
  server::Workers& workers_;
  Ports ports_;
  bool all_open_ = false;
  mutable SharedMutex mutex_;
  Objects current_ SLUICE_GUARDED_BY(mutex_);
  std::map<std::string, std::string> port_errors_ SLUICE_GUARDED_BY(mutex_);
  Mutex settling_;     // held to tell of a publication, so that no waiter misses one
  Condition settled_;  // after each
};

}  // namespace sluice::control
