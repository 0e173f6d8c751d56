// SPDX-License-Identifier: Apache-2.0
// Handover: what all WasmHost filters of a process share to hand exchanges over to other members,
// and to run those of other members.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "filters/wasm_host/handover/sender.h"
#include "loop/core.h"
#include "net/tls/tls_client_context.h"
#include "pipeline/core_places.h"
#include "store/store.h"

namespace sluice::filters {

class HandedRuns;
class WasmHostFilter;

// --owner-wait, if it is not given.
inline constexpr Duration kOwnerWait = std::chrono::seconds(5);

struct HandoverOptions {
  unsigned core_count = 1;
  // The time that a request waits beside its filter's `timeout` for the owner of its data.
  Duration owner_wait = kOwnerWait;
  // To other members. Null: HTTP/2 without TLS, as on loopback.
  std::shared_ptr<const net::TlsClientContext> tls{};
  // For tests. Null: HttpCourier.
  std::function<std::unique_ptr<Courier>(const loop::Core& core)> make_courier{};
};

class Handover {
 public:
  explicit Handover(HandoverOptions options);
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;

  // Any thread.
  [[nodiscard]] const HandoverOptions& options() const { return options_; }

  // The functions below are for `core`'s own thread.

  // Makes one if there is none. Requires: as of Sender::Ticket.
  [[nodiscard]] std::shared_ptr<Sender> sender(const loop::Core& core);

  // The filter of the namespace in force on this core. Holds nothing alive.
  void put_filter(const loop::Core& core, const std::string& ns,
                  const std::weak_ptr<WasmHostFilter>& filter);
  void drop_filter(const loop::Core& core, const std::string& ns);  // if the filter is gone
  // Null: no filter of that name runs.
  [[nodiscard]] std::shared_ptr<WasmHostFilter> find_filter(const loop::Core& core,
                                                            const std::string& ns) const;

  // The exchanges of other members on this core. Null until the cluster port serves there.
  [[nodiscard]] std::shared_ptr<HandedRuns> runs(const loop::Core& core) const {
    return runs_.find(core);
  }
  void put_runs(const loop::Core& core, const std::shared_ptr<HandedRuns>& runs);
  // Any core: the core whose HandedRuns has the exchanges of a lane, and the loop of a core; null
  // until the cluster port serves there.
  [[nodiscard]] unsigned home_of(const HandedHead& head) const;
  [[nodiscard]] const loop::Core* core(unsigned index) const {
    return cores_[index].load(std::memory_order_acquire);
  }

 private:
  using Filters = std::unordered_map<std::string, std::weak_ptr<WasmHostFilter>>;
  const HandoverOptions options_;
  pipeline::CorePlaces<Sender> senders_;
  std::vector<Filters> filters_;  // per core, by namespace
  pipeline::CorePlaces<HandedRuns> runs_;
  std::vector<std::atomic<const loop::Core*>> cores_;
};

}  // namespace sluice::filters
