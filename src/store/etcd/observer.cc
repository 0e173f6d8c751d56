// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/observer.h"

#include <utility>

#include "base/assert.h"
#include "store/etcd/requests.h"

namespace sluice::store {
namespace {

constexpr Duration kWatchAgain = std::chrono::milliseconds(20);

}  // namespace

Observer::Observer(EtcdContext& context, std::string ns, std::shared_ptr<Outlook> outlook)
    : context_(context),
      ns_(std::move(ns)),
      all_(context.keys.data(ns_)),
      owner_key_(context.keys.owner(ns_)),
      seq_key_(context.keys.seq(ns_)),
      outlook_(std::move(outlook)),
      news_(context.loop()) {}

Following Observer::begin(State state) {
  watching_.reset();
  live_.reset();
  if (resume_at_ == 0 || state.revision != resume_at_) outlook_->note_gap();
  resume_at_ = 0;
  stop_at_ = 0;
  next_ = state.revision + 1;
  epoch_ = context_.keys.epoch(ns_, state.seq.epoch);
  const Fence lowest = state.lowest_fence;
  state_.emplace(std::move(state));
  pass(lowest);
  return ++following_;
}

void Observer::listen(Following following) {
  if (following != following_) return;
  if (!state_) {  // it has ended before the audience knew it
    if (context_.audience != nullptr) context_.audience->on_end(ns_, following, false);
    return;
  }
  watching_ = watch();
  watching_.start();
}

Task<std::optional<Observer::State>> Observer::give(Following following, Fence fence,
                                                    TimePoint deadline) {
  while (following == following_ && state_ && outlook_->lowest_fence().load() < fence) {
    const bool told = co_await news_.wait(deadline);
    if (!told) break;
  }
  const bool whole = outlook_->lowest_fence().load() >= fence;
  if (following != following_ || !state_ || !whole || stop_at_ != 0) co_return std::nullopt;
  watching_.reset();
  live_.reset();
  co_return std::exchange(state_, std::nullopt);
}

void Observer::stop(Fence fence) {
  if (state_ && watching_.valid() && outlook_->lowest_fence().load() < fence) {
    stop_at_ = fence;  // the watch has not passed the take
    return;
  }
  watching_.reset();
  live_.reset();
  if (outlook_->lowest_fence().load() < fence) {
    outlook_->note_gap();
    pass(fence);
  }
  state_.reset();
  resume_at_ = 0;
}

void Observer::forget() {
  watching_.reset();
  live_.reset();
  resume_at_ = 0;
  if (state_) end(true, "etcd is another cluster than before");
}

void Observer::look_elsewhere(Version version) {
  if (!state_ || state_->seq.version >= version || !live_) return;
  avoid_ = live_->endpoint();
  listen(following_);
}

Task<void> Observer::watch() {
  while (state_) {
    co_await watch_once();
    live_.reset();
    if (state_) co_await context_.loop().sleep_for(kWatchAgain);
  }
}

Task<void> Observer::watch_once() {
  etcd::WatchOptions options;
  options.key = all_;
  options.range_end = end_of_prefix(all_);
  options.start_revision = next_;
  options.avoid = avoid_;
  live_ = context_.kv.watch(std::move(options));
  const auto started = co_await live_->start(Clock::now() + kReadMax);
  std::optional<etcd::WatchFailure> failure;
  if (!started) failure = started.error();
  while (state_ && !failure) {
    const auto reply = co_await live_->next(TimePoint::max());
    if (reply) {
      take(*reply);
    } else {
      failure = reply.error();
    }
  }
  if (!failure) co_return;
  avoid_ = failure->endpoint;
  if (failure->why == etcd::WatchFailure::Why::compacted) end(false, "etcd has discarded groups");
  if (failure->why == etcd::WatchFailure::Why::too_large) end(false, "a revision is too large");
}

void Observer::take(const pb::WatchResponse& response) {
  for (int i = 0; i < response.events_size() && state_;) {
    Revision revision;
    revision.number = response.events(i).kv().mod_revision();
    for (; i < response.events_size() && response.events(i).kv().mod_revision() == revision.number;
         ++i) {
      sort(response.events(i), revision);
    }
    if (revision.number < next_) continue;
    next_ = revision.number + 1;
    take(std::move(revision));
  }
}

void Observer::sort(const pb::Event& event, Revision& revision) const {
  const pb::KeyValue& kv = event.kv();
  const bool gone = event.type() == pb::Event::DELETE;
  if (kv.key() == owner_key_) {
    revision.owner = gone ? 0 : static_cast<Fence>(kv.create_revision());
  } else if (kv.key() == seq_key_) {
    revision.seq = gone ? nullptr : &kv;
    revision.foreign = revision.foreign || gone;
  } else if (kv.key().starts_with(epoch_)) {
    const std::string_view key = std::string_view(kv.key()).substr(epoch_.size());
    revision.changes.push_back(
        {Record::make(key, gone ? std::string_view() : std::string_view(kv.value())),
         gone ? Op::erase : Op::put});
    revision.hashes.push_back(gone ? state_->contents.erase(key)
                                   : state_->contents.put(key, kv.value()));
  }
}

// A change of ownership in a revision comes before its group: the first take makes `seq`.
void Observer::take(Revision revision) {
  const auto number = static_cast<Fence>(revision.number);
  if (revision.owner) pass(*revision.owner == 0 ? number + 1 : *revision.owner);
  if (!state_) return;
  const bool stray = revision.seq == nullptr && !revision.changes.empty() && stop_at_ == 0;
  if (revision.foreign || stray) {
    end(revision.foreign, "another program has changed it");
  } else if (revision.seq != nullptr) {
    take_group(std::move(revision));
  }
}

const char* Observer::fault(const Revision& revision, const Seq& seq) const {
  if (revision.seq->version() != state_->puts + 1) return "groups are missing";
  const bool empty = revision.seq->version() == 1 && seq.version == 0;
  if (seq.version <= state_->seq.version && !empty) return "its version goes backwards";
  if (seq.epoch != state_->seq.epoch || stop_at_ != 0) return nullptr;
  if (seq.writes != revision.changes.size()) return "a group is not whole";
  if (seq.checksum != state_->contents.checksum_after(revision.hashes)) {
    return "a group is not as it was written";
  }
  return nullptr;
}

void Observer::take_group(Revision revision) {
  auto seq = Seq::decode(revision.seq->value());
  const char* const reason = seq ? fault(revision, *seq) : "`seq` cannot be read";
  if (reason != nullptr) {
    end(false, reason);
    return;
  }
  outlook_->note_written(seq->exchanges);
  state_->puts = revision.seq->version();
  state_->changed = revision.number;
  if (stop_at_ != 0) {  // only the exchanges count
    state_->seq.version = seq->version;
    return;
  }
  if (seq->epoch != state_->seq.epoch) {
    end(false, nullptr);
    resume_at_ = revision.number;
    return;
  }
  state_->contents.apply(revision.hashes);
  const bool newer = seq->version > state_->seq.version;
  const bool same_limit = seq->limit_state() == state_->seq.limit_state();
  state_->seq = std::move(*seq);
  // Invariant I6: the replica at a version is the chain up to it, in whole groups.
  SLUICE_DEBUG_ASSERT(state_->contents.checksum() == state_->seq.checksum,
                      "what was compared is what the state has now");
  if (newer && context_.audience != nullptr) {
    SeenGroup group{.version = state_->seq.version, .changes = std::move(revision.changes)};
    if (!same_limit) group.limit = state_->seq.limit_state();
    context_.audience->on_group(ns_, following_, std::move(group));
  }
}

void Observer::pass(Fence fence) {
  if (fence <= outlook_->lowest_fence().load()) return;
  outlook_->pass(fence);
  news_.notify_all();
  if (context_.audience != nullptr) context_.audience->on_outlook(ns_);
  if (stop_at_ != 0 && fence >= stop_at_) state_.reset();
}

// The caller may be the watch.
void Observer::end(bool wrong, const char* reason) {
  if (reason != nullptr) {
    context_.logger.warn("store: the shared data of " + ns_ + " is read anew: " + reason);
  }
  const bool stopping = stop_at_ != 0;
  if (stopping) {  // some groups before the own take were missed
    outlook_->note_gap();
    pass(stop_at_);
  }
  state_.reset();
  news_.notify_all();
  if (!stopping && context_.audience != nullptr) context_.audience->on_end(ns_, following_, wrong);
}

}  // namespace sluice::store
