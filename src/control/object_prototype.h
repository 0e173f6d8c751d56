// SPDX-License-Identifier: Apache-2.0
// What an object becomes when it is built: one class per kind of object, in kinds/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/memory_budget.h"
#include "config/faults.h"
#include "pipeline/prototype.h"
#include "server/snapshot.h"

namespace sluice::control {

// Shared by the cores. Immutable but for its per-core counters. Any thread may call any function.
class ObjectPrototype {
 public:
  virtual ~ObjectPrototype() = default;
  // The completed spec, without createdAt unless the document has one.
  [[nodiscard]] virtual Json spec() const = 0;
  // Adds what the cores serve because of it, under the name of the object.
  virtual void publish(const std::string& name, server::Snapshot& next) const = 0;

  struct StatusContext {
    std::string port_error;  // "" or why it does not listen where it should
    const MemoryBudget& memory;
  };
  // The part of the status that is of this kind: the controller adds name, kind and state.
  [[nodiscard]] virtual Json status(const StatusContext& context) const = 0;
  // One thread, every RequestStats::kSamplePeriod while it is in force: moves statistics on.
  virtual void sample() const {}
  // What it has learnt while it served, for the process that follows this one; null: nothing.
  // Holds keys: for the memory of another process only.
  [[nodiscard]] virtual Json knowledge() const;
  // What must be stored beside the spec to build the same again; null or empty: nothing.
  [[nodiscard]] virtual Json pins() const;
  // What an operator should know of an object that runs. Reads files; not for a core.
  [[nodiscard]] virtual std::vector<std::string> notes() const;

  struct Listening {
    std::string address;  // "": all
    std::uint16_t port;
  };
  // Where the server of this name is to listen. No two objects may share a place.
  [[nodiscard]] virtual std::optional<Listening> listens() const;
  // The pipelines that it sends requests to, in the order of its spec. At a start its port stays
  // closed while one of them is being built.
  [[nodiscard]] virtual std::vector<std::string> pipelines() const;
  // The hot restart: adds what sends the requests of this object to the process that follows, by
  // filters of the kind `successor`. Faults are ours, and go to the log.
  virtual void hand_over(const std::string& /*name*/, const pipeline::FilterKinds& /*successor*/,
                         server::Snapshot& /*next*/, config::Faults& /*faults*/) const {}
};

}  // namespace sluice::control
