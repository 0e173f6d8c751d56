// SPDX-License-Identifier: Apache-2.0
// The functions of Chain for a limit on the keys of the namespace, and for the seal. The state of
// both changes by nodes of the chain (Node::limit), so each core knows the one that holds where it
// commits. A node that opens the seal follows one that says `opening`, by longer than a word lasts.
#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "store/chain.h"

namespace sluice::store {
namespace {

constexpr Duration kTendAgain = std::chrono::milliseconds(10);

}  // namespace

OwnerAnswer Chain::newest() const {
  const Version seal = seal_.load(std::memory_order_seq_cst);
  const Version sent = this->sent();
  // Invariant I10: who asks may have seen what is durable.
  SLUICE_ASSERT(sent >= first(), "what the chain began with was sent");
  return {.version = position(sent), .sealed = seal != 0 && seal == sent};
}

bool Chain::is_newer(const KeyLimit& limit, const HeldLimit* held) {
  if (held == nullptr) return limit.max != KeyLimit::kUnlimited;
  const KeyLimit& present = held->state.limit;
  return limit.revision > present.revision && !limit.same_bounds(present);
}

std::optional<Version> Chain::hold_limit(const KeyLimit& limit) {
  if (limit.max == KeyLimit::kUnlimited && !limited_.load(std::memory_order_seq_cst)) return 0;
  const MutexLock administration(mirror_mutex_);
  if (!mirror_ || !is_owned() || !mirror_->catch_up()) return 0;
  if (!wanted_limit_ || limit.revision > wanted_limit_->revision) wanted_limit_ = limit;
  const HeldLimit* const held = mirror_->replica().limit();
  if (!is_newer(*wanted_limit_, held)) return 0;
  if (!is_sealed()) return append_limit({.limit = *wanted_limit_});
  ask_opening();
  return std::nullopt;
}

bool Chain::holds_limit(const KeyLimit& limit) {
  const MutexLock administration(mirror_mutex_);
  if (mirror_) mirror_->catch_up();
  return !is_newer(limit, mirror_ ? mirror_->replica().limit() : nullptr);
}

std::optional<HeldLimit> Chain::limit() {
  if (!limited_.load(std::memory_order_seq_cst)) return std::nullopt;
  const MutexLock administration(mirror_mutex_);
  if (!mirror_) return std::nullopt;
  mirror_->catch_up();
  const HeldLimit* const held = mirror_->replica().limit();
  const bool holds = held != nullptr && held->state.limit.max != KeyLimit::kUnlimited;
  return holds ? std::optional(*held) : std::nullopt;
}

void Chain::ask_opening() {
  opening_wanted_.store(true, std::memory_order_seq_cst);
  engine_->bell->call();
}

Version Chain::append_limit(const LimitState& state) {
  auto node = std::make_unique<Node>();
  node->limit = std::make_unique<HeldLimit>(HeldLimit{state});
  const std::string& prefix = node->limit->state.limit.prefix;
  Replica& replica = mirror_->replica();
  const HeldLimit* const before = replica.limit();
  const bool counts = before == nullptr || before->state.limit.prefix != prefix;
  if (counts) replica.count_all({&prefix, 1});  // commits that follow it change the counter
  const MutexLock lock(mutex_);
  do {
    if (!mirror_->catch_up()) return 0;
    if (counts) node->limit->used = replica.counts().find(prefix)->count;
  } while (!mirror_->append(node));
  limited_.store(true, std::memory_order_seq_cst);
  sealed_.store(state.sealed, std::memory_order_seq_cst);
  return mirror_->version();
}

// A follower counts by itself: `seq` does not say how many keys there are.
std::unique_ptr<HeldLimit> Chain::seen_limit(const LimitState& state, const Node& group) {
  auto limit = std::make_unique<HeldLimit>(HeldLimit{state});
  const MutexLock administration(mirror_mutex_);
  if (!mirror_ || !mirror_->catch_up()) return limit;
  const HeldLimit* const before = mirror_->replica().limit();
  const bool counts = before == nullptr || before->state.limit.prefix != state.limit.prefix;
  if (counts) limit->used = count_behind(state.limit.prefix, group);
  limited_.store(true, std::memory_order_seq_cst);
  return limit;
}

std::uint64_t Chain::count_behind(const std::string& prefix, const Node& group) {
  Replica& replica = mirror_->replica();
  replica.count_all({&prefix, 1});
  std::uint64_t count = replica.counts().find(prefix)->count;
  for (const Write& write : group.writes) {
    const std::string_view key = write.record->key();
    if (!key.starts_with(prefix)) continue;
    const bool present = replica.find(write.hash, key) != nullptr;
    if (write.op == Op::put && !present) ++count;
    if (write.op == Op::erase && present) --count;
  }
  return count;
}

std::optional<TimePoint> Chain::tend_seal() {
  if (engine_->word_max == Duration() || !limited_.load(std::memory_order_seq_cst) || !is_owned())
    return std::nullopt;
  if (next_commit(journaled_) != nullptr) return std::nullopt;  // a group comes first
  if (!mirror_mutex_.try_lock()) return Clock::now() + kTendAgain;
  std::optional<TimePoint> next;
  if (mirror_ && mirror_->catch_up() && mirror_->version() == journaled_->version) {
    const HeldLimit* const held = mirror_->replica().limit();
    if (held != nullptr) next = tend_seal(*held);
  }
  mirror_mutex_.unlock();
  return next;
}

// Requires: all commits are durable.
std::optional<TimePoint> Chain::tend_seal(const HeldLimit& held) {
  if (held.state.sealed) return tend_opening(held.state);
  const TimePoint now = Clock::now();
  if (std::exchange(quiet_at_, journaled_->version) != journaled_->version) quiet_since_ = now;
  if (!held.is_full()) return std::nullopt;
  const TimePoint quiet = quiet_since_ + engine_->limits.quiet_before_seal;
  if (now < quiet) return quiet;
  opening_wanted_.store(false, std::memory_order_seq_cst);
  LimitState sealed = held.state;
  sealed.sealed = true;
  (void)append_limit(sealed);
  return std::nullopt;
}

// Requires: the node that says so is durable. A new owner begins here, too: the words of the owner
// before end within the same time from now.
std::optional<TimePoint> Chain::tend_opening(const LimitState& state) {
  LimitState next = state;
  if (!state.opening) {
    seal_.store(journaled_->version, std::memory_order_seq_cst);
    if (!opening_wanted_.load(std::memory_order_seq_cst)) return std::nullopt;
    seal_.store(0, std::memory_order_seq_cst);
    next.opening = true;
    (void)append_limit(next);
    return std::nullopt;
  }
  const BootTime now = BootClock::now();
  if (!opens_at_) opens_at_ = now + engine_->word_max;
  if (now < *opens_at_) return Clock::now() + (*opens_at_ - now);
  opens_at_.reset();
  next.sealed = next.opening = false;
  const HeldLimit held{state};
  if (wanted_limit_ && is_newer(*wanted_limit_, &held)) next.limit = *wanted_limit_;
  opening_wanted_.store(false, std::memory_order_seq_cst);
  if (append_limit(next) != 0) openings_.fetch_add(1, std::memory_order_seq_cst);
  return std::nullopt;
}

}  // namespace sluice::store
