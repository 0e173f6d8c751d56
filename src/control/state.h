// SPDX-License-Identifier: Apache-2.0
// ControllerState: the inside of Controller.
//
// A change of an object: claim its name (others of the same object wait), build it outside every
// lock, then, with `changing` held for as long as a write takes, check it against the others, store
// and publish it. So an object that takes long holds up nobody but itself.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "config/faults.h"
#include "config/value.h"
#include "control/change.h"
#include "control/claims.h"
#include "control/crew.h"
#include "control/object.h"
#include "control/ports.h"
#include "pipeline/pipeline.h"
#include "server/workers.h"
#include "store/store.h"

namespace sluice::control {

using Objects = std::map<std::string, std::shared_ptr<const Object>, std::less<>>;
using ObjectList = std::vector<std::shared_ptr<const Object>>;

// Of objects at the same time, for what they do is mostly waiting.
inline constexpr std::size_t kBuildsAtOnceMax = 64;

struct ControllerState {
  ControllerState(unsigned cores, Logger logger_, store::Store& store_, server::Workers& workers_,
                  pipeline::FilterKinds kinds_)
      : core_count(cores),
        logger(std::move(logger_)),
        store(store_),
        workers(workers_),
        kinds(std::move(kinds_)),
        ports(core_count) {}

  // Reading: a consistent copy of the pointers.
  [[nodiscard]] Objects objects() const {
    const std::shared_lock lock(objects_mutex);
    return current;
  }
  [[nodiscard]] std::shared_ptr<const Object> find(std::string_view name) const;
  [[nodiscard]] std::string port_error(const std::string& server) const;
  [[nodiscard]] bool has_port_errors() const;
  [[nodiscard]] Json filter_schema(const std::string& kind) const;  // null if there is no such kind
  // "" or why it does not run, not where it should, or not with what it names.
  [[nodiscard]] std::string trouble_of(const Object& object) const;
  [[nodiscard]] std::string absent_backend(const Object& server) const;

  // With a claim on the objects, and without `changing`.
  struct Proposed {
    Applied applied;
    std::string prefix;                     // of its faults
    std::shared_ptr<const Object> running;  // null: there is none
    std::shared_ptr<Object> object;         // null: it could not be built
  };
  // Builds one of `apply`'s documents. Faults of the object go to `faults`; an Error: the mode does
  // not allow it.
  [[nodiscard]] Result<Proposed> propose(const config::Value& document, std::string prefix,
                                         ApplyMode mode, const std::stop_token& stop,
                                         config::Faults& faults) const;
  // Stores and publishes.
  [[nodiscard]] Result<void> commit(const std::vector<Proposed>& proposed);
  [[nodiscard]] std::vector<Reloaded> reload(const std::string& pipeline);
  // Builds a stored object that does not run, on the crew.
  void build_soon(const std::string& name);
  void build_now(const std::string& name);
  // Publishes `built` in place of `object`, which it takes for what runs under that name; together
  // with others that are ready at the same moment.
  void replace(std::shared_ptr<const Object> object, std::shared_ptr<const Object> built);

  // All below: with `changing` held.
  // Swaps to `next`: opens ports, publishes. Ports that cannot be had are noted and retried.
  void publish(Objects next);
  [[nodiscard]] server::Workers::Listeners assign_ports(const Objects& next);
  [[nodiscard]] bool may_open(const Object& server, const Objects& all) const;
  // All of it or nothing.
  [[nodiscard]] Result<void> save(const ObjectList& changed,
                                  const std::vector<std::string>& removed);
  [[nodiscard]] Result<void> save_pins(const ObjectList& built);

  // Tries again what could not be built or bound.
  void retry();
  void sweep() const;
  void housekeeping(const std::stop_token& stop);

  const unsigned core_count;
  const Logger logger;
  store::Store& store;
  server::Workers& workers;
  const pipeline::FilterKinds kinds;
  config::Value known;  // Controller::knowledge() of the process before this one; set before all

  Claims claims;
  std::mutex changing;     // one change at a time
  Ports ports;             // with `changing`
  bool ending = false;     // with `changing`: nothing changes any more
  bool all_open = false;   // with `changing`: servers do not wait for their pipelines any more
  std::mutex ready_mutex;  // of the three below
  std::condition_variable settled;  // after each publication
  std::vector<std::pair<std::shared_ptr<const Object>, std::shared_ptr<const Object>>> ready;
  std::set<std::string> awaited;  // by build_soon()
  mutable std::shared_mutex objects_mutex;
  Objects current;                                 // with objects_mutex
  std::map<std::string, std::string> port_errors;  // with objects_mutex
  std::atomic<std::uint64_t> version{0};
  Crew crew{kBuildsAtOnceMax};
  std::jthread housekeeper;
};

}  // namespace sluice::control
