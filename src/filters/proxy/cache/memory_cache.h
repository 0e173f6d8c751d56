// SPDX-License-Identifier: Apache-2.0
// MemoryCache: the responses that a pool keeps. Every core has a Shelf of its own to look on; what
// a core stores it also sends to the others, by mailbox, so that a response is fetched once for
// all. A response is in memory once however many shelves it stands on. No lock, no waiting.
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

// Numbers that change when what is kept of a key must not be used any more, on any core, from that
// moment on. Keys share numbers: then more is forgotten than need be, one of kCount entries for
// each request of an unsafe method. 256 KiB. Any thread.
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
  // `stamps`: shared by the caches that a request of an unsafe method may concern.
  MemoryCache(const MemoryCacheSpec& spec, unsigned core_count,
              std::shared_ptr<InvalidationStamps> stamps);

  [[nodiscard]] const MemoryCacheSpec& spec() const { return spec_; }

  // On the core's thread, before anything else there: from now on it gets what others store.
  void join(const loop::Core& core);
  // On the core's thread: the newest entry that belongs to the request, and what it is good for.
  // Counts neither hit nor miss.
  struct Found {
    std::shared_ptr<const StoredResponse> entry;  // null: none
    Use use = Use::none;
  };
  [[nodiscard]] Found find(const loop::Core& core, std::string_view key,
                           const http::Request& request, const CachePlan& plan, TimePoint now);
  // On the core's thread, once a request: whether it found an answer when it asked.
  void count(const loop::Core& core, bool hit);
  // On the core's thread. The entry's stamp is that of its key from before the request was sent.
  void store(const loop::Core& core, std::shared_ptr<const StoredResponse> entry);
  // On the core's thread: the entry is of no use any more, on any core.
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
  void tell_others(const loop::Core& core, const Shelf::Entry& added, const Shelf::Entries& gone);
  void on_news(unsigned core, const Shelf::Entry& added, const Shelf::Entries& gone);
  void measure(unsigned core);

  MemoryCacheSpec spec_;
  std::shared_ptr<InvalidationStamps> stamps_;
  std::vector<Shelf> shelves_;                        // each used by its core only
  std::vector<std::atomic<loop::EventLoop*>> loops_;  // null: that core has not joined
  observe::PerCore<Cells> cells_;
  std::vector<std::unique_ptr<SharedMemoryCharge>>
      charges_;  // what a core has stored; null: as above
};

}  // namespace sluice::filters
