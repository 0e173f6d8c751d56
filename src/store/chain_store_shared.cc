// SPDX-License-Identifier: Apache-2.0
// The functions of ChainStore for a shared medium: the chains of a namespace come one after
// another, as this process owns it or follows the owners.
#include <algorithm>
#include <thread>
#include <utility>

#include "store/chain_store.h"

namespace sluice::store {
namespace {

constexpr Duration kPauseAfterFailure = std::chrono::milliseconds(50);
// The first reads of namespaces that a process follows take so long together while it waits.
constexpr Duration kReadAtOnceMax = std::chrono::milliseconds(500);
constexpr Duration kPauseOfFollowing = std::chrono::milliseconds(250);
// An error that may heal by itself comes into health() after so long.
constexpr Duration kUnreadPatience = std::chrono::seconds(10);
constexpr Duration kUnreadLogPeriod = std::chrono::minutes(1);

}  // namespace

// The journal knows the chain before the medium is asked, so no news is missed. After an error, the
// next call asks again.
Result<std::shared_ptr<Chain>> ChainStore::open_shared(const std::string& ns) {
  const MutexLock taking_over(taking_over_);
  if (acquired_.contains(ns)) return find(ns);
  if (!find(ns)) {
    const MutexLock lock(mutex_);
    auto& chain = chains_[ns] = Chain::without_owner(ns, engine_);
    journal_.add(chain);
  }
  SLUICE_TRY(const auto fence, medium_->acquire(ns, find(ns)->outlook()));
  if (fence) {
    SLUICE_CHECK(take_over(ns, *fence));
  } else if (followings_) {
    begin_following(ns);
  }
  acquired_.insert(ns);
  return find(ns);
}

bool ChainStore::knows_over(const std::string& ns, Fence fence) const {
  const MutexLock lock(mutex_);
  return is_over(ns, fence);
}

bool ChainStore::is_over(const std::string& ns, Fence fence) const {
  const auto over = over_.find(ns);
  return over != over_.end() && over->second >= fence;
}

void ChainStore::put_in_place(const std::shared_ptr<Chain>& chain, Chain& before) {
  Chain::adopt_views(chain, before);
  chains_[chain->name()] = chain;
  journal_.replace(before, chain);
}

// --- Owning ---

// The state that succeed() reads may contain commits of later owners. Then the fence is over: the
// medium refuses what this chain writes and confirms, and the news ends it.
Result<void> ChainStore::take_over(const std::string& ns, Fence fence) {
  const auto before = find(ns);
  if (!before || before->is_owned() || before->fence() >= fence) return {};
  if (knows_over(ns, fence)) {  // a try that failed may have ended the following
    if (before->following() != 0) medium_->listen(ns, before->following());
    return {};
  }
  SLUICE_TRY(auto chain, next_owned(*before, fence));
  bool over = false;
  for (bool in_place = false; !in_place && !over;) {
    const auto limit = wanted_limit(ns);
    if (limit) chain->hold_limit(*limit);  // before the first run
    const MutexLock lock(mutex_);
    over = is_over(ns, fence);
    const auto newest = limits_.find(ns);
    in_place = newest == limits_.end() ? !limit : newest->second == limit;
    if (!over && in_place) put_in_place(chain, *before);
  }
  medium_->stop_following(ns, fence);
  if (over) follow_soon(ns);
  return {};
}

Result<std::shared_ptr<Chain>> ChainStore::next_owned(Chain& before, Fence fence) {
  if (!before.follows()) return Chain::succeed(before, fence, *medium_);
  SLUICE_TRY(const auto version, medium_->own_followed(before.name(), before.following(), fence));
  if (version && before.follows() && before.position(before.committed()) == *version) {
    return Chain::succeed_followed(before, fence, *medium_);
  }
  return Chain::succeed(before, fence, *medium_);
}

void ChainStore::take_over_soon(const std::string& ns, Fence fence) {
  takeovers_->give([this, ns, fence] {
    {
      const MutexLock taking_over(taking_over_);
      const auto taken = take_over(ns, fence);
      if (taken) return note_read(ns);
      note_unread(ns, taken.error());
    }
    std::this_thread::sleep_for(kPauseAfterFailure);
    take_over_soon(ns, fence);
  });
}

void ChainStore::note_over(const std::string& ns, Fence fence) {
  const MutexLock lock(mutex_);
  Fence& over = over_[ns];
  over = std::max(over, fence);
}

std::optional<OwnerAnswer> ChainStore::last_sent(const std::string& ns) const {
  const auto chain = find(ns);
  if (!chain || engine_->closed.load(std::memory_order_acquire)) return std::nullopt;
  const OwnerAnswer newest = chain->newest();  // before the look at the clock
  if (!chain->is_permitted()) return std::nullopt;
  return newest;
}

Store::KnownOwner ChainStore::owner(const std::string& ns) const {
  const auto chain = find(ns);
  if (!chain || !engine_->may_lose) return {};
  return {chain->outlook()->owner(), chain->outlook()->last_owner()};
}

// --- Following ---

// A build waits for this, and in a hot restart all requests do. So a large namespace is read behind
// it: until then, its owner runs what comes to this process.
void ChainStore::begin_following(const std::string& ns) {
  if (read_at_once_ >= kReadAtOnceMax) return follow_soon(ns);
  const TimePoint begin = Clock::now();
  auto start = read_start(ns, begin + kReadAtOnceMax - read_at_once_);
  read_at_once_ += Clock::now() - begin;
  if (start) {
    follow_from(ns, std::move(*start));
  } else {
    follow_soon(ns);
  }
}

Result<ChainStore::Start> ChainStore::read_start(const std::string& ns, TimePoint until) {
  Start start;
  const auto read = [&](std::string_view key, std::string_view value) {
    start.records.push_back(Record::make(key, value));
  };
  SLUICE_TRY(start.followed, medium_->follow(ns, until, read));
  return start;
}

void ChainStore::follow_from(const std::string& ns, Start start) {
  const auto before = find(ns);
  const Following following = start.followed.following;
  if (before->is_owned()) {
    medium_->stop_following(ns, before->fence());
    return;
  }
  if (before->following() >= following) return;
  const auto chain = Chain::follow(*before, *medium_, start.followed, std::move(start.records));
  {
    const MutexLock lock(mutex_);
    put_in_place(chain, *before);
  }
  medium_->listen(ns, following);
}

void ChainStore::follow_soon(const std::string& ns) {
  if (!followings_) return;
  {
    const MutexLock lock(mutex_);
    if (!to_follow_.insert(ns).second) return;
  }
  followings_->give([this, ns] { follow(ns); });
}

void ChainStore::follow(const std::string& ns) {
  {
    const MutexLock lock(mutex_);
    to_follow_.erase(ns);
  }
  if (find(ns)->is_owned()) return;
  auto start = read_start(ns, TimePoint::max());
  if (start) {
    const MutexLock taking_over(taking_over_);
    follow_from(ns, std::move(*start));
    return note_read(ns);
  }
  note_unread(ns, start.error());
  std::this_thread::sleep_for(kPauseOfFollowing);
  follow_soon(ns);
}

void ChainStore::note_unread(const std::string& ns, const Error& error) {
  const TimePoint now = Clock::now();
  const bool heals = error.kind == ErrorKind::unavailable || error.kind == ErrorKind::timed_out;
  const MutexLock lock(mutex_);
  Unread& unread = unread_.try_emplace(ns, Unread{.since = now}).first->second;
  const bool told = unread.reason == error.message && now < unread.logged + kUnreadLogPeriod;
  unread.reason = error.message;
  unread.definite = !heals;
  if (told) return;
  unread.logged = now;
  logger_.write(
      heals ? LogLevel::warn : LogLevel::error,
      "store: the shared data of " + ns + " cannot be read, and is tried again: " + error.message);
}

void ChainStore::note_read(const std::string& ns) {
  const MutexLock lock(mutex_);
  if (unread_.erase(ns) > 0) logger_.info("store: the shared data of " + ns + " can be read again");
}

std::string ChainStore::trouble_of(const Unread& unread) {
  const bool counts = unread.definite || Clock::now() > unread.since + kUnreadPatience;
  return counts ? unread.reason : std::string();
}

std::string ChainStore::health() const {
  std::string trouble = journal_.health();
  if (!trouble.empty()) return trouble;
  const MutexLock lock(mutex_);
  for (const auto& [ns, unread] : unread_) {
    trouble = trouble_of(unread);
    if (!trouble.empty())
      return "the shared data of " + ns + " cannot be read by this member: " + trouble;
  }
  return {};
}

void ChainStore::on_group(const std::string& ns, Following following, SeenGroup group) {
  const auto chain = find(ns);
  if (!chain || chain->following() != following || !chain->append_seen(std::move(group))) return;
  chain->free_passed_nodes();
  tell(*chain);
}

void ChainStore::on_end(const std::string& ns, Following following, bool wrong) {
  const auto chain = find(ns);
  if (!chain || chain->following() != following) return;
  if (wrong) chain->end();
  follow_soon(ns);
}

// A view that moves to another chain meanwhile looks at the outlook by itself.
void ChainStore::on_outlook(const std::string& ns) {
  if (const auto chain = find(ns)) tell(*chain);
}

void ChainStore::tell(Chain& chain) {
  std::vector<std::shared_ptr<AttachedView>> views;
  chain.collect_waiting(views);
  for (auto& view : views) {
    loop::EventLoop& loop = view->loop();
    loop.post([view = std::move(view)] { view->on_news(); });
  }
}

}  // namespace sluice::store
