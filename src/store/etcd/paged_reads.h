// SPDX-License-Identifier: Apache-2.0
// PagedReads: reads of etcd for threads that may block. A read of many pages does not begin anew
// because etcd is slow: a page that does not come in time is asked for again, as of the same
// revision, with fewer keys and more time. Any thread but that of the parts.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/mutex.h"
#include "loop/loop_thread.h"
#include "store/etcd/etcd_parts.h"

namespace sluice::store {

class PagedReads {
 public:
  // How often a request is sent: once; as long as a person waits for the answer, so that etcd may
  // elect a leader meanwhile; or until the bound of EtcdPatience, because much work would be lost.
  enum class Tries : std::uint8_t { one, some, many };
  struct Range {
    std::string from;
    std::string to;
    std::int64_t revision = 0;  // 0: the newest of each page
    Tries tries = Tries::one;
    // No request begins or lasts longer.
    TimePoint until = TimePoint::max();
    // Whose PageMemory helps, and what all keys begin with; "": nobody's.
    std::string ns{};
    std::size_t stem = 0;
  };

  // Both outlive this.
  PagedReads(loop::LoopThread& thread, EtcdParts& parts, std::int64_t page_keys_max);

  // Error: also `timed_out` at `until`.
  [[nodiscard]] Result<pb::RangeResponse> range(const pb::RangeRequest& request,
                                                Tries tries = Tries::one,
                                                TimePoint until = TimePoint::max());
  // Visits the entries until visit() returns false. Error: also `timed_out` at `until`.
  using EachEntry = std::function<bool(const pb::KeyValue& kv)>;
  [[nodiscard]] Result<void> each_entry(const Range& all, const EachEntry& visit);
  // Visits the first key, and then the first one from the key on that visit() has returned.
  using FirstKey = std::function<Result<std::string>(const std::string& key)>;
  [[nodiscard]] Result<void> each_first_key(const Range& all, const FirstKey& visit);
  // All reads fail soon, now and later.
  void end();

 private:
  // Calls `make` for the request of each try, and `on_slow` after a try that has ended by time.
  template <class Make, class OnSlow>
  [[nodiscard]] Result<pb::RangeResponse> tried(Tries tries, TimePoint until, const Make& make,
                                                const OnSlow& on_slow);
  [[nodiscard]] Result<pb::RangeResponse> page_of(PageRanges& pages, pb::RangeRequest& request,
                                                  const Range& all);
  [[nodiscard]] Result<void> visit_pages(PageRanges& pages, const Range& all,
                                         const EachEntry& visit);
  [[nodiscard]] Duration bound_of(Tries tries) const;
  [[nodiscard]] bool has_ended();
  void rest(Duration pause);

  loop::LoopThread& thread_;
  EtcdParts& parts_;
  const std::int64_t page_keys_max_;
  const EtcdPatience patience_;
  Mutex mutex_;
  Condition end_;
  bool ended_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice::store
