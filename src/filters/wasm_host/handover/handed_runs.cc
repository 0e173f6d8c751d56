// SPDX-License-Identifier: Apache-2.0
#include "filters/wasm_host/handover/handed_runs.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "filters/wasm_host/filter.h"
#include "filters/wasm_host/handover/carried.h"
#include "pipeline/exchange.h"

namespace sluice::filters {
namespace {

constexpr Duration kForgetPeriod = std::chrono::seconds(10);
// Copies of one exchange that wait for its answer. Later ones are refused.
constexpr std::size_t kCopiesMax = 16;

HandedRuns::Answer encoded(const HandedAnswer& answer) {
  std::string bytes = answer.encode();
  if (bytes.size() <= kHandedBytesMax) return std::make_shared<const std::string>(std::move(bytes));
  HandedAnswer failed;
  failed.kind = HandedAnswer::Kind::failed;
  failed.text = "the response is too large to be handed back to another member";
  return std::make_shared<const std::string>(failed.encode());
}

HandedRuns::Answer refusal(HandedAnswer::Refusal why) {
  return encoded(HandedAnswer::refused_for(why));
}

HandedAnswer not_under_fence(const WasmHostFilter& filter) {
  HandedAnswer answer = HandedAnswer::refused_for(HandedAnswer::Refusal::wrong_fence);
  if (const auto owner = filter.owner()) {
    answer.owner_fence = owner->fence;
    answer.owner = owner->address;
  }
  return answer;
}

HandedAnswer answer_of(HandedRun& run, const WasmHostFilter& filter) {
  switch (run.end) {
    case HandedRun::End::done:
      return std::move(run.answer);
    case HandedRun::End::not_owner:
      return not_under_fence(filter);
    case HandedRun::End::needs_body:
      return HandedAnswer::refused_for(HandedAnswer::Refusal::needs_body);
    case HandedRun::End::failed:
      break;
  }
  run.answer.kind = HandedAnswer::Kind::failed;
  return std::move(run.answer);
}

}  // namespace

// Invariant: it lives until its Task has ended, which refers to it.
struct HandedRuns::Entry {
  std::string ns;
  store::Fence fence;
  std::size_t bytes;     // of its message, or of its answer
  Answer answer{};       // null: it runs
  bool refused = false;  // not run: the next copy begins anew
  std::vector<Reply> waiting{};
  Task<void> running{};
};

HandedRuns::HandedRuns(const loop::Core& core, Handover& handover, HandedRunsLimits limits)
    : core_(core), on_core_(core.loop), handover_(handover), limits_(limits) {}

HandedRuns::~HandedRuns() = default;

void HandedRuns::accept(HandedExchange message, Reply reply) {
  on_core_.here();
  ended_.clear();
  const TimePoint now = Clock::now();
  if (now >= forget_at_) forget_silent(now);
  Lane* lane = lane_for(message.head);
  if (lane == nullptr) return reply(refusal(HandedAnswer::Refusal::busy));
  lane->heard = now;
  raise_floor(*lane, message.head.floor);
  if (message.head.id.counter < lane->floor)
    return reply(refusal(HandedAnswer::Refusal::forgotten));
  const auto known = lane->entries.find(message.head.id.counter);
  if (known != lane->entries.end()) {
    Entry& entry = *known->second;
    const bool same = entry.ns == message.head.ns && entry.fence == message.head.fence;
    if (same && entry.answer && !entry.refused) return reply(entry.answer);
    if (same && !entry.answer) {
      if (entry.waiting.size() >= kCopiesMax) return reply(refusal(HandedAnswer::Refusal::busy));
      return entry.waiting.push_back(std::move(reply));
    }
  }
  begin(*lane, std::move(message), std::move(reply));
}

// Requires: no entry of this id and fence runs or has an answer that counts.
void HandedRuns::begin(Lane& lane, HandedExchange message, Reply reply) {
  using enum HandedAnswer::Refusal;
  const HandedHead& head = message.head;
  auto filter = handover_.find_filter(core_, head.ns);
  if (!filter) return reply(refusal(no_filter));
  if (!filter->owns(head.fence)) return reply(encoded(not_under_fence(*filter)));
  if (size_ >= limits_.runs_max || bytes_ >= limits_.bytes_max) return reply(refusal(busy));
  // An entry under an earlier fence has had no effect, and will have none: its sender knows that.
  if (const auto old = lane.entries.find(head.id.counter); old != lane.entries.end()) {
    // Invariant I3: what has had, or may have, its effect under this fence is not run again.
    const bool same = old->second->ns == head.ns && old->second->fence == head.fence;
    SLUICE_ASSERT(!same || old->second->refused, "an exchange runs once under one fence");
    drop(*old->second, wrong_fence);
    lane.entries.erase(old);
  }
  auto entry = std::make_shared<Entry>(
      Entry{.ns = head.ns,
            .fence = head.fence,
            .bytes = message.request.body.bytes().size() + message.response.body.bytes().size()});
  entry->waiting.push_back(std::move(reply));
  lane.entries.emplace(head.id.counter, entry);
  ++size_;
  bytes_ += entry->bytes;
  entry->running = run(*entry, std::move(message), std::move(filter));
  entry->running.start();
}

Task<void> HandedRuns::run(Entry& entry, HandedExchange message,
                           std::shared_ptr<WasmHostFilter> filter) {
  pipeline::Exchange exchange(core_);
  HandedRun run(message);
  unpack(std::move(message), exchange);
  (void)co_await filter->run_handed(exchange, run);
  const HandedAnswer answer = answer_of(run, *filter);
  entry.refused = answer.kind == HandedAnswer::Kind::refused;
  entry.answer = encoded(answer);
  bytes_ += entry.answer->size() - std::exchange(entry.bytes, entry.answer->size());
  ended_.push_back(std::move(entry.running));
  for (Reply& reply : std::exchange(entry.waiting, {})) reply(entry.answer);
}

// Copies that wait are told `why`, because the run ends here.
void HandedRuns::drop(Entry& entry, HandedAnswer::Refusal why) {
  --size_;
  bytes_ -= entry.bytes;
  for (Reply& reply : std::exchange(entry.waiting, {})) reply(refusal(why));
}

HandedRuns::Lane* HandedRuns::lane_for(const HandedHead& head) {
  const LaneKey key{head.id.incarnation, head.lane};
  if (const auto known = lanes_.find(key); known != lanes_.end()) return &known->second;
  if (lanes_.size() >= limits_.lanes_max) return nullptr;
  return &lanes_[key];
}

void HandedRuns::raise_floor(Lane& lane, std::uint64_t floor) {
  lane.floor = std::max(lane.floor, floor);
  while (!lane.entries.empty() && lane.entries.begin()->first < lane.floor) {
    drop(*lane.entries.begin()->second, HandedAnswer::Refusal::forgotten);
    lane.entries.erase(lane.entries.begin());
  }
}

void HandedRuns::forget_silent(TimePoint now) {
  forget_at_ = now + std::min(kForgetPeriod, limits_.answer_kept);
  for (auto next = lanes_.begin(); next != lanes_.end();) {
    const auto place = next++;
    Lane& lane = place->second;
    const Duration silent = now - lane.heard;
    const bool runs = std::ranges::any_of(
        lane.entries, [](const auto& each) { return each.second->answer == nullptr; });
    if (silent < limits_.answer_kept || runs) continue;
    if (!lane.entries.empty()) raise_floor(lane, lane.entries.rbegin()->first + 1);
    if (silent >= limits_.floor_kept) lanes_.erase(place);
  }
}

}  // namespace sluice::filters
