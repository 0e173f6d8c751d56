// SPDX-License-Identifier: Apache-2.0
// MemoryCache: the responses that a pool keeps. Each core looks them up on its own Shelf. A core
// that stores a response sends it to the other cores by mailbox, so that it is fetched once for
// all. The shelves share one copy of a response. There is no lock and no waiting.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/memory_budget.h"
#include "filters/proxy/cache/rules.h"
#include "filters/proxy/cache/shelf.h"
#include "loop/core.h"
#include "loop/event_loop.h"
#include "observe/counter.h"

namespace sluice::filters {

// A number per key. When it changes, the stored responses of the key must not be used any more, on
// any core, from that moment on. Keys share kCount numbers, so a request of an unsafe method
// invalidates every key of one number. 256 KiB. Any thread.
class InvalidationStamps {
 public:
  [[nodiscard]] std::uint32_t get(std::string_view key) const;
  void invalidate(std::string_view key);

 private:
  static constexpr std::size_t kCount = std::size_t{1} << 16;
  [[nodiscard]] static std::size_t slot(std::string_view key);
  std::array<std::atomic<std::uint32_t>, kCount> stamps_{};
};

class MemoryCache : public std::enable_shared_from_this<MemoryCache> {
 public:
  // `stamps`: shared by all caches that a request of an unsafe method may affect.
  MemoryCache(const MemoryCacheSpec& spec, unsigned core_count,
              std::shared_ptr<InvalidationStamps> stamps);

  [[nodiscard]] const MemoryCacheSpec& spec() const { return spec_; }

  // On the core's thread, before any other call there: the core now gets the entries of the others.
  void join(const loop::Core& core);
  // On the core's thread: the newest entry that matches the request, and its permitted use. Counts
  // neither hit nor miss.
  struct Selection {
    std::shared_ptr<const StoredResponse> entry;  // null: none
    Use use = Use::none;
  };
  [[nodiscard]] Selection find(const loop::Core& core, std::string_view key,
                               const http::Request& request, const CachePlan& plan, TimePoint now);
  // On the core's thread, once per request: counts whether the first lookup found an answer.
  void count(const loop::Core& core, bool hit);
  // On the core's thread. Requires: the entry's stamp is that of its key before the request was
  // sent.
  void store(const loop::Core& core, std::shared_ptr<const StoredResponse> entry);
  // On the core's thread: removes the entry from all cores.
  void forget(const loop::Core& core, const std::shared_ptr<const StoredResponse>& entry);
  // Any thread.
  [[nodiscard]] std::uint32_t stamp(std::string_view key) const { return stamps_->get(key); }

  // Any thread: {"entries", "bytes", "hits", "misses"}.
  [[nodiscard]] Json status() const;

 private:
  struct Cells {
    observe::Cell entries;
    observe::Cell bytes;
    observe::Cell hits;
    observe::Cell misses;
  };
  void tell_others(const loop::Core& core, const Shelf::ResponsePtr& added,
                   const Shelf::Responses& gone);
  void on_news(unsigned core, const Shelf::ResponsePtr& added, const Shelf::Responses& gone);
  void measure(unsigned core);

  MemoryCacheSpec spec_;
  std::shared_ptr<InvalidationStamps> stamps_;
  std::vector<Shelf> shelves_;                        // each used by its core only
  std::vector<std::atomic<loop::EventLoop*>> loops_;  // null: that core has not joined
  observe::PerCore<Cells> cells_;
  std::vector<std::unique_ptr<SharedMemoryCharge>>
      charges_;  // the entries that a core has stored; null: as above
};

}  // namespace sluice::filters
