// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/handover/handover.h"

#include "loop/on_core.h"

namespace sluice::filters {

Handover::Handover(HandoverOptions options)
    : options_(std::move(options)),
      senders_(options_.core_count),
      filters_(options_.core_count),
      runs_(options_.core_count),
      cores_(options_.core_count) {}

std::shared_ptr<Sender> Handover::sender(const loop::Core& core) {
  auto sender = senders_.find(core);
  if (sender) return sender;
  auto courier = options_.make_courier ? options_.make_courier(core)
                                       : std::make_unique<HttpCourier>(core, options_.tls);
  sender = std::make_shared<Sender>(core.index, std::move(courier));
  senders_.put(core, sender);
  return sender;
}

void Handover::put_filter(const loop::Core& core, const std::string& ns,
                          const std::weak_ptr<WasmHostFilter>& filter) {
  loop::OnCore(core.loop).here();
  filters_[core.index][ns] = filter;
}

void Handover::drop_filter(const loop::Core& core, const std::string& ns) {
  loop::OnCore(core.loop).here();
  Filters& filters = filters_[core.index];
  const auto found = filters.find(ns);
  if (found != filters.end() && found->second.expired()) filters.erase(found);
}

std::shared_ptr<WasmHostFilter> Handover::find_filter(const loop::Core& core,
                                                      const std::string& ns) const {
  loop::OnCore(core.loop).here();
  const Filters& filters = filters_[core.index];
  const auto found = filters.find(ns);
  return found != filters.end() ? found->second.lock() : nullptr;
}

void Handover::put_runs(const loop::Core& core, const std::shared_ptr<HandedRuns>& runs) {
  runs_.put(core, runs);
  cores_[core.index].store(&core, std::memory_order_release);
}

unsigned Handover::home_of(const HandedHead& head) const {
  // The incarnation is random, so the lanes of all members spread over the cores.
  const auto& bytes = head.id.incarnation.bytes;
  return (bytes[0] + (unsigned{bytes[1]} << 8) + head.lane) % options_.core_count;
}

}  // namespace sluice::filters
