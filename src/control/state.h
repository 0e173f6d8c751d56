// SPDX-License-Identifier: Apache-2.0
// The inside of Controller.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>

#include "control/controller.h"
#include "control/object.h"
#include "control/ports.h"
#include "server/workers.h"

namespace sluice::control {

using Objects = std::map<std::string, std::shared_ptr<const Object>, std::less<>>;

struct Controller::State {
  State(Options options_, Logger logger_, store::Store& store_, server::Workers& workers_,
        pipeline::FilterKinds kinds_)
      : options(std::move(options_)),
        logger(std::move(logger_)),
        store(store_),
        workers(workers_),
        kinds(std::move(kinds_)),
        ports(options.core_count) {}

  // Reading: a consistent copy of the pointers.
  [[nodiscard]] Objects objects() const {
    const std::shared_lock lock(objects_mutex);
    return current;
  }
  [[nodiscard]] std::shared_ptr<const Object> find(std::string_view name) const;
  [[nodiscard]] std::string port_error(const std::string& server) const;
  [[nodiscard]] Json filter_schema(const std::string& kind) const;  // null if there is no such kind

  // All below: with `changing` held.
  // Swaps to `next`: opens ports, publishes. Ports that cannot be had are noted and retried.
  void publish(Objects next);
  void open_ports(const Objects& next,
                  std::map<std::string, std::vector<net::Listener>>& listeners);
  // All of it or nothing.
  [[nodiscard]] Result<void> save(const std::vector<std::shared_ptr<const Object>>& changed,
                                  const std::vector<std::string>& removed);
  // Tries again what could not be built or bound. `known`: Controller::knowledge() of the process
  // before this one.
  void retry(const config::Value& known = {});
  void housekeeping(const std::stop_token& stop);

  const Options options;
  const Logger logger;
  store::Store& store;
  server::Workers& workers;
  const pipeline::FilterKinds kinds;

  std::mutex changing;  // one change at a time
  Ports ports;          // with `changing`
  mutable std::shared_mutex objects_mutex;
  Objects current;                                 // with objects_mutex
  std::map<std::string, std::string> port_errors;  // with objects_mutex
  std::atomic<std::uint64_t> version{0};
  std::jthread housekeeper;
};

}  // namespace sluice::control
