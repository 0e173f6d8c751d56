// SPDX-License-Identifier: Apache-2.0
// ObjectPrototype: a built object. Each kind of object has its class in kinds/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/memory_budget.h"
#include "config/faults.h"
#include "net/tls/certificate_end.h"
#include "pipeline/prototype.h"
#include "server/snapshot.h"

namespace sluice::control {

// Shared by the cores. Immutable but for its per-core counters. Any thread may call any function.
class ObjectPrototype {
 public:
  virtual ~ObjectPrototype() = default;
  // The completed spec, without createdAt unless the document has one.
  [[nodiscard]] virtual Json spec() const = 0;
  // Adds to `next` the parts that the cores serve for this object, under its name.
  virtual void publish(const std::string& name, server::Snapshot& next) const = 0;

  struct StatusContext {
    std::string port_error;  // "", or why it does not listen as configured
    const MemoryBudget& memory;
  };
  // The part of the status that is specific to the kind. The controller adds name, kind and state.
  [[nodiscard]] virtual Json status(const StatusContext& context) const = 0;
  // Adds its figures, for Prometheus.
  virtual void expose(const StatusContext& /*context*/, observe::Exposition& /*out*/) const {}
  // Before the object comes into force: the store holds its limits from now on. `revision` as of
  // FilterPrototype::hold_limit. Blocks; not for a core.
  virtual void hold_limits(std::uint64_t /*revision*/) const {}
  // Called by one thread, every RequestStats::kSamplePeriod while the object is in force: advances
  // the statistics.
  virtual void sample() const {}
  // The data to store beside the spec, to build the same object again; null or empty: nothing.
  [[nodiscard]] virtual Json pins() const;
  // The certificates that the object holds, with their places in its spec.
  [[nodiscard]] virtual net::CertificateEnds certificates() const { return {}; }
  // Notes for the operator on a running object. Reads files; not for a core.
  [[nodiscard]] virtual std::vector<std::string> notes() const;
  // Remarks for who applies it: it runs other code than its spec names, on purpose.
  [[nodiscard]] virtual std::vector<std::string> other_code() const;

  struct Listening {
    std::string address;  // "": all
    std::uint16_t port;
  };
  // The address and port on which the server of this name listens. No two objects may share them.
  [[nodiscard]] virtual std::optional<Listening> listens() const;
  // The pipelines to which it sends requests, in the order of its spec. During a start its port
  // stays closed while one of them is being built.
  [[nodiscard]] virtual std::vector<std::string> pipelines() const;
  // The GlobalFilter that it names; "": none. Likewise.
  [[nodiscard]] virtual std::string global_filter() const { return {}; }
  struct Reference {
    std::string path;  // of the field in the spec
    std::string kind;
    std::string name;
  };
  // The objects that the spec names, in its order.
  [[nodiscard]] virtual std::vector<Reference> references() const { return {}; }
  // For a hot restart: adds the parts that send the requests of this object to the successor
  // process, through filters of the kind `successor`. Faults are internal errors, and go to the
  // log.
  virtual void hand_over(const std::string& /*name*/, const pipeline::FilterKinds& /*successor*/,
                         server::Snapshot& /*next*/, config::Faults& /*faults*/) const {}
};

}  // namespace sluice::control
