// SPDX-License-Identifier: Apache-2.0
// ServerContext: an HTTPServer on one core, as its connections and exchanges see it. The CoreServer
// owns it, and every connection keeps its CoreServer alive. Core-bound.
#pragma once

#include <memory>
#include <utility>

#include "server/core_context.h"
#include "server/overload.h"
#include "server/snapshot.h"
#include "tracing/ids.h"

namespace sluice::server {

class ServerContext {
 public:
  // Requires: `core` outlives this.
  ServerContext(CoreContext& core, std::shared_ptr<const ServerPrototype> prototype)
      : core_(core),
        prototype_(std::move(prototype)),
        overload_(prototype_->spec.overload, overload_cells(*prototype_)) {}
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  [[nodiscard]] CoreContext& core() const { return core_; }
  // The generation that the next request uses.
  [[nodiscard]] const std::shared_ptr<const ServerPrototype>& prototype() const {
    return prototype_;
  }
  [[nodiscard]] Overload& overload() { return overload_; }
  // Of the ids of requests.
  [[nodiscard]] tracing::IdSource& ids() { return ids_; }
  // Counts that `limit` refused a connection or a request.
  void note_refusal(observe::Limit limit) {
    prototype_->counters->refusals.record(core_.core().index, limit);
  }

  [[nodiscard]] ConnectionCounts& connection_counts() const {
    return prototype_->counters->connections.at(core_.core().index);
  }

  // True if the server accepts no connection any more, and ends those that it has.
  [[nodiscard]] bool draining() const { return draining_; }
  // True if connections end after their current response.
  [[nodiscard]] bool leaving() const { return draining_ || retiring_; }

  // For the CoreServer.
  // Returns true if overload.target has changed.
  bool update(std::shared_ptr<const ServerPrototype> prototype) {
    const bool changed = overload_.update(prototype->spec.overload, overload_cells(*prototype));
    prototype_ = std::move(prototype);
    return changed;
  }
  // Returns true on the first call.
  bool drain() { return !std::exchange(draining_, true); }
  void retire() { retiring_ = true; }

 private:
  [[nodiscard]] OverloadCells& overload_cells(const ServerPrototype& prototype) const {
    return prototype.counters->overload.at(core_.core().index);
  }

  CoreContext& core_;
  std::shared_ptr<const ServerPrototype> prototype_;
  Overload overload_;
  tracing::IdSource ids_;
  bool draining_ = false;
  bool retiring_ = false;
};

}  // namespace sluice::server
