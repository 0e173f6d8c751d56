// SPDX-License-Identifier: Apache-2.0
// For tests: one member of a cluster on a real etcd: its store, a WasmHost filter and the filter of
// its cluster port. Faults stand between the store and etcd. It ends in order or at once, and
// begins again as a new process of the same name.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <utility>

#include "filters/wasm_host/handover/cluster_port.h"
#include "filters/wasm_host/testing/test_host.h"
#include "loop/event.h"
#include "store/etcd/testing/etcd_under_test.h"
#include "store/testing/test_cores.h"

namespace sluice::filters::testing {

// A run of a filter that another part of the test waits for. Core-bound.
struct Served {
  Served(loop::EventLoop& loop, std::unique_ptr<pipeline::Exchange> its)
      : news(loop), exchange(std::move(its)) {}
  loop::Event news;  // one of the next two
  bool done = false;
  bool gone = false;  // the process has ended, or the client has left
  std::string result;
  std::unique_ptr<pipeline::Exchange> exchange;
};

class HistoryMember {
 public:
  static constexpr const char* kPipeline = "shop";
  static constexpr const char* kFilter = "wasm";
  static constexpr const char* kNs = "shop/wasm";
  struct Terms {
    store::EtcdMedium::Options medium;
    store::Limits limits{};
    HandoverOptions handover{};
    std::string fields;                      // of the filter
    std::optional<store::KeyLimit> limit{};  // of its data
  };

  // The cores and the engine outlive it.
  HistoryMember(store::TestCores& cores, wasm::Engine& engine, std::string code)
      : cores_(cores), core_(cores.core(0)), engine_(engine), code_(std::move(code)) {}
  ~HistoryMember() { stop(); }
  HistoryMember(const HistoryMember&) = delete;
  HistoryMember& operator=(const HistoryMember&) = delete;

  // --- The thread of the test ---

  // "" or why the process cannot begin.
  std::string start(Terms terms) {
    opened_ = store::open_on_etcd(std::move(terms.medium), 1, terms.limits);
    if (!opened_.store) return opened_.trouble;
    if (terms.limit && !opened_.store->hold_limit(kNs, *terms.limit)) return "no limit";
    terms.handover.core_count = 1;
    handover_ = std::make_shared<Handover>(std::move(terms.handover));
    kind_ = *make_wasm_host_kind(engine_, *opened_.store, Logger(), 1, {}, handover_);
    port_kind_ = make_cluster_port_kind(handover_);
    config::Faults faults;
    pipeline::StateDraft draft;
    pipeline::FilterContext context;
    context.pipeline = kPipeline;
    context.name = kFilter;
    context.states = draft.scope().of_filter(kFilter, "WasmHost");
    prototype_ = kind_->build(Host::value_of(code_, terms.fields), context, faults);
    auto port = config::parse_document("name: port\nkind: ClusterPort\n");
    port_prototype_ = port_kind_->build(*port, context, faults);
    if (!prototype_ || !port_prototype_) return faults.lines().front();
    cores_.on(0, [this] {
      filter_ = prototype_->instantiate(core_);
      port_ = port_prototype_->instantiate(core_);
      running_ = true;
    });
    return {};
  }
  // Ends in order.
  void stop() {
    end_filters();
    opened_.store.reset();
    opened_.medium = nullptr;
  }
  // Ends as with kill -9. Returns the store, whose destruction takes a moment.
  std::unique_ptr<store::Store> kill() {
    opened_.faults->cut();
    end_filters();
    opened_.medium = nullptr;
    return std::move(opened_.store);
  }
  // Null while it does not run.
  [[nodiscard]] store::Store* store() { return opened_.store.get(); }
  [[nodiscard]] store::EtcdMedium* medium() { return opened_.medium; }
  [[nodiscard]] std::shared_ptr<store::KvFaults> faults() { return opened_.faults; }

  // --- The core ---

  [[nodiscard]] bool is_running() const { return running_; }
  [[nodiscard]] std::unique_ptr<pipeline::Exchange> exchange() const {
    return std::make_unique<pipeline::Exchange>(core_);
  }
  // A request of a client, or of another member. Requires: it runs.
  std::shared_ptr<Served> serve(std::unique_ptr<pipeline::Exchange> exchange, bool on_port) {
    std::erase_if(serving_, [](const Serving& each) { return each.task.done(); });
    auto served = std::make_shared<Served>(core_.loop, std::move(exchange));
    serving_.push_back({served, run(on_port ? *port_ : *filter_, *served)});
    serving_.back().task.start();
    return served;
  }
  // The client leaves.
  void leave(Served& served) {
    const auto place =
        std::ranges::find(serving_, &served, [](auto& each) { return each.served.get(); });
    if (place == serving_.end() || served.done) return;
    served.gone = true;
    serving_.erase(place);
  }

 private:
  struct Serving {
    std::shared_ptr<Served> served;
    Task<void> task;
  };
  static Task<void> run(pipeline::Filter& filter, Served& served) {
    served.result = std::string(co_await filter.handle(*served.exchange));
    served.done = true;
    served.news.notify();
  }
  void end_filters() {
    if (!prototype_) return;
    cores_.on(0, [this] {
      running_ = false;
      for (Serving& each : serving_) {
        each.task.reset();
        if (each.served->done) continue;
        each.served->gone = true;
        each.served->news.notify();
      }
      serving_.clear();
      port_.reset();  // its runs end before the filter
      filter_.reset();
      handover_.reset();
    });
    prototype_.reset();
    port_prototype_.reset();
    kind_.reset();
    port_kind_.reset();
  }

  store::TestCores& cores_;
  const loop::Core core_;
  wasm::Engine& engine_;
  const std::string code_;
  store::EtcdStore opened_;
  std::shared_ptr<Handover> handover_;
  std::unique_ptr<pipeline::FilterKind> kind_;
  std::unique_ptr<pipeline::FilterKind> port_kind_;
  std::shared_ptr<const pipeline::FilterPrototype> prototype_;
  std::shared_ptr<const pipeline::FilterPrototype> port_prototype_;
  // Of the core:
  bool running_ = false;
  std::unique_ptr<pipeline::Filter> filter_;
  std::unique_ptr<pipeline::Filter> port_;
  std::list<Serving> serving_;
};

}  // namespace sluice::filters::testing
