// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/paged_reads.h"

#include <algorithm>
#include <utility>

#include "store/etcd/requests.h"

namespace sluice::store {
namespace {

// After a page that took longer, the pause is as long as the page took, so that etcd has half of
// the time for leases, claims and writes.
constexpr Duration kQuickPage = std::chrono::milliseconds(50);
constexpr Duration kPagePauseMax = std::chrono::milliseconds(500);
constexpr Duration kLastPagePause = std::chrono::seconds(2);  // between two tries

}  // namespace

PagedReads::PagedReads(loop::LoopThread& thread, EtcdParts& parts, std::int64_t page_keys_max)
    : thread_(thread),
      parts_(parts),
      page_keys_max_(page_keys_max),
      patience_(thread.run([&] { return parts.context.patience; })) {}

template <class Make, class OnSlow>
Result<pb::RangeResponse> PagedReads::tried(Tries tries, TimePoint until, const Make& make,
                                            const OnSlow& on_slow) {
  EtcdRetry retry(std::min(until, Clock::now() + bound_of(tries)));
  retry.attempt = patience_.first_read;
  while (true) {
    if (has_ended()) return fail(ErrorKind::unavailable, "this server stops");
    const pb::RangeRequest& request = make();
    auto reply = thread_.await([&] { return parts_.range(request, retry.options()); });
    if (reply) return std::move(*reply);
    // A revision that is compacted does not heal.
    const bool again = tries != Tries::one && may_heal(reply.error()) && retry.again();
    if (!again) return std::unexpected(error_of(reply.error()));
    if (reply.error().status == etcd::Status::deadline_exceeded) on_slow();
    retry.note_slowness(reply.error(), patience_.longest_read);
    rest(retry.pause(tries == Tries::many ? kLastPagePause : kLastRetry));
  }
}

Result<pb::RangeResponse> PagedReads::range(const pb::RangeRequest& request, Tries tries,
                                            TimePoint until) {
  return tried(
      tries, until, [&]() -> const pb::RangeRequest& { return request; }, [] {});
}

Result<pb::RangeResponse> PagedReads::page_of(PageRanges& pages, pb::RangeRequest& request,
                                              const Range& all) {
  return tried(
      all.tries, all.until,
      [&]() -> const pb::RangeRequest& {
        pages.fill(request);
        return request;
      },
      [&] { pages.narrow(); });
}

Result<void> PagedReads::each_entry(const Range& all, const EachEntry& visit) {
  PageRanges pages(all.from, all.to, page_keys_max_);
  if (all.ns.empty()) return visit_pages(pages, all, visit);
  PageMemory memory = thread_.run([&] { return parts_.context.page_memories[all.ns]; });
  pages.begin_with(memory, all.stem);
  auto visited = visit_pages(pages, all, visit);
  if (all.from.size() > all.stem) return visited;  // that was a part
  pages.teach(memory, all.stem);
  thread_.run([&] { parts_.context.page_memories[all.ns] = std::move(memory); });
  return visited;
}

Result<void> PagedReads::visit_pages(PageRanges& pages, const Range& all, const EachEntry& visit) {
  pb::RangeRequest request;
  request.set_revision(all.revision);
  while (!pages.is_done()) {
    const TimePoint begin = Clock::now();
    SLUICE_TRY(const auto page, page_of(pages, request, all));
    const Duration took = Clock::now() - begin;
    for (const auto& kv : page.kvs()) {
      if (!visit(kv)) return {};
    }
    pages.note(page);
    if (pages.is_done()) return {};
    if (Clock::now() >= all.until) {
      return fail(ErrorKind::timed_out, "etcd has not given all in time");
    }
    if (took > kQuickPage) rest(std::min(took, kPagePauseMax));
  }
  return {};
}

Result<void> PagedReads::each_first_key(const Range& all, const FirstKey& visit) {
  PageRanges pages(all.from, all.to, 1);
  pb::RangeRequest request;
  request.set_keys_only(true);
  while (!pages.is_done()) {
    SLUICE_TRY(const auto first, page_of(pages, request, all));
    pages.note(first);
    if (first.kvs_size() == 0) continue;
    SLUICE_TRY(std::string next, visit(first.kvs(0).key()));
    pages.go_on_at(std::move(next));
  }
  return {};
}

Duration PagedReads::bound_of(Tries tries) const {
  switch (tries) {
    case Tries::one:
      return patience_.first_read;
    case Tries::some:
      return patience_.waited_max;
    case Tries::many:
      break;
  }
  return patience_.page_max;
}

bool PagedReads::has_ended() {
  const MutexLock lock(mutex_);
  return ended_;
}

// Only the end of the reads ends the pause early.
void PagedReads::rest(Duration pause) {
  const TimePoint end = Clock::now() + pause;
  const MutexLock lock(mutex_);
  while (!ended_ && Clock::now() < end) end_.wait_until(mutex_, end);
}

void PagedReads::end() {
  {
    const MutexLock lock(mutex_);
    ended_ = true;
    end_.notify_all();
  }
  thread_.run([this] { parts_.end_reads(); });
}

}  // namespace sluice::store
