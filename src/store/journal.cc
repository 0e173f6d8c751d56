// SPDX-License-Identifier: Apache-2.0
#include "store/journal.h"

#include <algorithm>
#include <map>
#include <utility>

#include "loop/event_loop.h"
#include "loop/urgency.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

// A group ends after this many writes, so that the first commit of a burst does not wait for the
// last.
constexpr std::size_t kGroupWritesMax = 8192;
constexpr Duration kFirstPause = 10ms;
constexpr Duration kLongestPause = 1s;
constexpr Duration kInspectionPeriod = 1s;

}  // namespace

Journal::Journal(std::shared_ptr<Engine> engine, Medium& medium, Logger logger, OnNews on_news)
    : engine_(std::move(engine)),
      medium_(medium),
      logger_(std::move(logger)),
      on_news_(std::move(on_news)) {
  thread_ = std::thread([this] { run(); });
}

void Journal::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true, std::memory_order_seq_cst);
  engine_->bell->call();
  thread_.join();
}

void Journal::add(std::shared_ptr<Chain> chain) {
  const MutexLock lock(mutex_);
  chains_.push_back(std::move(chain));
}

void Journal::replace(const Chain& before, std::shared_ptr<Chain> chain) {
  {
    const MutexLock lock(mutex_);
    const auto found =
        std::ranges::find(chains_, &before, [](const auto& known) { return known.get(); });
    if (found != chains_.end()) *found = std::move(chain);
  }
  engine_->bell->call();
}

Result<void> Journal::wait_durable(const Chain& chain, Version version, Duration limit) {
  const auto durable = [&] { return chain.durable().load(std::memory_order_acquire) >= version; };
  return wait_until(chain, durable, limit);
}

Result<void> Journal::wait_open(Chain& chain, Duration limit) {
  const std::uint64_t number = chain.openings().load(std::memory_order_seq_cst) + 1;
  if (!chain.is_sealed()) return {};
  chain.ask_opening();
  const auto opened = [&] { return chain.openings().load(std::memory_order_seq_cst) >= number; };
  return wait_until(chain, opened, limit);
}

template <class Reached>
Result<void> Journal::wait_until(const Chain& chain, Reached reached, Duration limit) {
  const TimePoint deadline = Clock::now() + limit;
  const MutexLock lock(mutex_);
  const auto fails = [&] { return chain.failing().load(std::memory_order_seq_cst); };
  while (!reached() && !chain.has_ended() && !fails() && news_.wait_until(mutex_, deadline)) {
  }
  if (reached()) return {};
  if (chain.has_ended()) return lost();
  if (fails()) return fail(ErrorKind::unavailable, health_text());
  return fail(ErrorKind::timed_out, "the store has not written within " + format_duration(limit));
}

std::string Journal::health() const {
  const MutexLock lock(mutex_);
  return health_text();
}

std::string Journal::health_text() const {
  if (!trouble_.empty() || troubles_.empty()) return trouble_;
  const auto& [ns, trouble] = *troubles_.begin();
  return ns + " cannot be written: " + trouble;
}

std::vector<std::shared_ptr<Chain>> Journal::chains() const {
  const MutexLock lock(mutex_);
  return chains_;
}

Result<void> Journal::stage(const Chain& chain, Bulk& bulk) {
  Staging staging{chain, bulk, std::nullopt};
  const MutexLock lock(mutex_);
  stagings_.push_back(&staging);
  engine_->bell->call();
  while (!staging.outcome) news_.wait(mutex_);
  return std::move(*staging.outcome);
}

void Journal::drop_staged(const Bulk& bulk) {
  medium_.drop_staged(bulk);
  engine_->bell->call();
}

Journal::Staging* Journal::next_staging(bool free) const {
  const MutexLock lock(mutex_);
  for (Staging* const staging : stagings_) {
    if (!free || !is_under_way(staging->chain.name())) return staging;
  }
  return nullptr;
}

Journal::Staging* Journal::staging_of(const Chain& chain) const {
  const MutexLock lock(mutex_);
  const auto found =
      std::ranges::find(stagings_, &chain, [](const Staging* each) { return &each->chain; });
  return found == stagings_.end() ? nullptr : *found;
}

void Journal::end_staging(Staging& staging, Result<void> outcome) {
  {
    const MutexLock lock(mutex_);
    std::erase(stagings_, &staging);
    staging.outcome = std::move(outcome);
  }
  news_.notify_all();
}

void Journal::end_stagings(const std::string& trouble) {
  while (Staging* staging = next_staging(false)) {
    medium_.drop_staged(staging->bulk);
    end_staging(*staging, fail(ErrorKind::unavailable, trouble));
  }
}

// An idle journal would not notice a dead medium, so it probes.
void Journal::inspect() {
  const TimePoint now = Clock::now();
  if (now < next_inspection_) return;
  next_inspection_ = now + kInspectionPeriod;
  const auto checked = medium_.check();
  const bool failing = engine_->failing.load(std::memory_order_seq_cst);
  if (checked && !failing) return;
  set_health(checked ? std::string() : checked.error().message);
  tell_cores();
}

bool Journal::take_step() {
  Staging* const staging = next_staging(true);
  if (staging == nullptr) {
    const auto more = medium_.finish_some();
    if (!more && !step_failed_) logger_.warn("store: is tried again: " + more.error().message);
    step_failed_ = !more;
    return more.value_or(false);
  }
  if (staging->chain.has_ended()) {
    medium_.drop_staged(staging->bulk);
    end_staging(*staging, lost());
    return true;
  }
  const auto done = medium_.stage(staging->chain.name(), staging->bulk);
  if (!done) {
    medium_.drop_staged(staging->bulk);
    end_staging(*staging, std::unexpected(done.error()));
  } else if (*done) {
    end_staging(*staging, {});
  }
  return true;
}

void Journal::run() {
  loop::work_soon();
  if (engine_->may_lose) {
    run_shared();
  } else {
    run_own();
  }
  end_stagings("the store is closed");
}

void Journal::run_own() {
  Duration pause = kFirstPause;
  while (!stopping()) {
    Group group = collect();
    if (!group.batches.empty() && !write(group)) {
      end_stagings(health());
      back_off(pause);
      pause = std::min(pause * 2, kLongestPause);
      continue;
    }
    pause = kFirstPause;
    const bool stepped = take_step();
    tidy();
    if (stepped || !group.batches.empty()) continue;
    inspect();
    rest();
  }
  for (Group group = collect(); !group.batches.empty(); group = collect()) {
    if (!write(group)) break;
  }
}

void Journal::rest() {
  Doorbell& bell = *engine_->bell;
  bell.lie_down();
  if (bell.called() || work_left() || stopping()) {
    bell.get_up();
  } else {
    bell.sleep(kInspectionPeriod);
  }
}

// Only a stop ends the pause early: no new commits arrive meanwhile.
void Journal::back_off(Duration pause) {
  const TimePoint end = Clock::now() + pause;
  Doorbell& bell = *engine_->bell;
  for (TimePoint now = Clock::now(); now < end && !stopping(); now = Clock::now()) {
    bell.lie_down();
    if (stopping()) {
      bell.get_up();
    } else {
      bell.sleep(end - now);
    }
  }
}

bool Journal::work_left() const {
  const MutexLock lock(mutex_);
  return std::ranges::any_of(chains_, [](const auto& chain) { return chain->has_work(); });
}

Journal::Group Journal::collect() {
  Group group;
  std::size_t writes = 0;
  const MutexLock lock(mutex_);
  for (const auto& chain : chains_) {
    if (!chain->has_work()) continue;
    const auto [last, own] = next_batch(*chain);  // each namespace gets its share of the group
    writes += own;
    add_batch(group, chain, last);
    if (writes > kGroupWritesMax * 4) break;
  }
  return group;
}

std::pair<Node*, std::size_t> Journal::next_batch(const Chain& chain) {
  Node* last = chain.journaled();
  std::size_t writes = 0;
  while (Node* next = Chain::next_commit(last)) {
    if (writes > 0 && writes + next->writes.size() > kGroupWritesMax) break;
    writes += next->writes.size();
    last = next;
  }
  return {last, writes};
}

void Journal::add_batch(Group& group, std::shared_ptr<Chain> chain, Node* last) {
  const Node* const after = chain->journaled();
  if (last != after) chain->note_pending();
  chain->note_sent(last->version);
  group.commits += last->version - after->version;
  group.batches.push_back({.ns = chain->name(),
                           .after = after,
                           .last = last,
                           .version = chain->position(last->version),
                           .fence = chain->fence()});
  group.confirmations.push_back(chain->begin_confirmation());
  group.lasts.push_back(last);
  group.chains.push_back(std::move(chain));
}

bool Journal::write(Group& group) {
  const TimePoint begin = Clock::now();
  const auto written = medium_.write(group.batches);
  if (!written) {
    record_.failed();
    set_health(written.error().message);
    tell_cores();
    return false;
  }
  if (group.commits > 0) record_.wrote(group.commits, Clock::now() - begin);
  publish(group);
  set_health({});
  tell_cores();
  return true;
}

void Journal::publish(const Group& group) {
  for (std::size_t i = 0; i < group.chains.size(); ++i) {
    if (group.batches[i].lost) continue;
    group.chains[i]->set_permit(group.batches[i].permit);
    if (group.batches[i].last != group.batches[i].after) {
      group.chains[i]->set_journaled(group.lasts[i]);
    }
    group.chains[i]->set_confirmed(group.confirmations[i]);
  }
}

void Journal::end_lost(const Group& group) {
  for (std::size_t i = 0; i < group.chains.size(); ++i) {
    const Batch& batch = group.batches[i];
    if (!batch.lost || group.chains[i]->has_ended()) continue;
    if (batch.kept != nullptr) keep(*group.chains[i], batch);
    end(*group.chains[i]);
  }
}

// Some commits of a lost batch are durable.
void Journal::keep(Chain& chain, const Batch& batch) {
  Node* last = chain.journaled();
  while (last != batch.kept) last = Chain::next_commit(last);
  chain.set_journaled(last);
}

void Journal::end(Chain& chain) {
  if (!chain.is_owned()) return;
  chain.end();
  for (const Node* node = chain.journaled(); (node = Chain::next_commit(node)) != nullptr;) {
    if (node->bulk) medium_.drop_staged(*node->bulk);
  }
  if (const auto lane = lanes_.find(chain.name()); lane != lanes_.end()) {
    lane->second.pause = {};
    lane->second.rests_until = {};
  }
  {
    const MutexLock lock(mutex_);
    troubles_.erase(chain.name());
  }  // wait_durable() has checked before, and waits; or checks after
  news_.notify_all();
  on_news_.ended(chain.name(), chain.fence());
}

void Journal::take_news() {
  for (const Medium::News& news : medium_.take_news()) {
    const Fence over = news.owned ? news.fence - 1 : news.fence;
    on_news_.over(news.ns, over);
    const auto all = chains();
    const auto found =
        std::ranges::find(all, news.ns, [](const auto& chain) { return chain->name(); });
    if (found != all.end() && (*found)->fence() <= over) end(**found);  // unless it follows
    if (news.owned) on_news_.owned(news.ns, news.fence);
  }
}

void Journal::set_health(std::string trouble) {
  const bool failing = !trouble.empty();
  bool failed = false;
  {
    const MutexLock lock(mutex_);  // a refused writer finds the reason
    trouble_ = trouble;
    failed = engine_->failing.exchange(failing, std::memory_order_seq_cst);
  }
  if (failing && !failed) logger_.error("store: nobody new is let in: " + trouble);
  if (!failing && failed) logger_.info("store: writes again; nothing was lost");
  news_.notify_all();
}

// One message per core, regardless of the number of namespaces and waiting runs.
void Journal::tell_cores() {
  std::vector<std::shared_ptr<AttachedView>> waiting;
  for (const auto& chain : chains()) chain->collect_waiting(waiting);
  std::map<unsigned, std::vector<std::shared_ptr<AttachedView>>> by_core;
  for (auto& view : waiting) by_core[view->core_index()].push_back(std::move(view));
  for (auto& [core, views] : by_core) {
    loop::EventLoop& loop = views.front()->loop();
    loop.post([views = std::move(views)] {
      for (const auto& view : views) view->on_news();
    });
  }
}

void Journal::tidy() {
  for (const auto& chain : chains()) chain->free_passed_nodes();
}

}  // namespace sluice::store
