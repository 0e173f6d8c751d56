// SPDX-License-Identifier: Apache-2.0
#include "store/chain_view.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "store/chain.h"

namespace sluice::store {
namespace {

constexpr std::size_t kIdleRunsMax = 64;
// About a third of a millisecond.
constexpr unsigned kSegmentsAtOnce = 2;

const std::atomic<bool> kNever{false};
const std::atomic<std::uint64_t> kNothing{0};

std::unexpected<Error> closed() { return fail(ErrorKind::unavailable, "the store is closed"); }

}  // namespace

ChainView::ChainView(std::shared_ptr<Chain> chain, std::shared_ptr<Engine> engine,
                     const loop::Core& core, loop::EventLoop& home, Replica replica, Node* place)
    : chain_(std::move(chain)),
      outlook_(chain_->outlook()),
      durable_(&chain_->durable()),
      first_(chain_->first()),
      engine_(std::move(engine)),
      loop_(core.loop),
      on_core_(core.loop),
      home_(home),
      core_index_(core.index),
      follower_(std::move(replica), place),
      waits_(loop_, durability(), "the store has not written in time"),
      confirm_waits_(loop_, confirmations(), "the store has not confirmed its ownership in time"),
      open_waits_(loop_, openings(), "the sealed shared data was not opened in time"),
      owner_waits_(loop_, {&moves_, &kNever, &kNever},
                   "another process owns this shared data, and has not given it back in time"),
      question_waits_(loop_,
                      {outlook_ ? &outlook_->questions_ended() : &kNothing, &kNever, &kNever},
                      "nobody has said in time which version of this shared data is the newest"),
      outlook_waits_(loop_, {outlook_ ? &outlook_->changes() : &kNothing, &kNever, &kNever},
                     "the owner of this shared data has not changed in time"),
      fence_waits_(loop_, {outlook_ ? &outlook_->lowest_fence() : &kNothing, &kNever, &kNever},
                   "the end of the ownership of this shared data was not seen in time"),
      count_waits_(loop_) {}

// A read-only transaction is served as of one version, between the run's begin and now. It needs no
// check.
Commit ChainView::commit(Transaction& transaction, const ExchangeId* handed) {
  on_core_.here();
  Run& run = run_of(transaction);
  if (run.too_large()) return {CommitStatus::too_large, 0};
  if (run.uncounted()) return refused(CommitStatus::uncounted);
  if (run.stale()) return refused(CommitStatus::conflict);
  if (chain_->following() != 0) {
    if (run.has_writes()) return judge_elsewhere(run);
    return {CommitStatus::committed, run.holds_at()};
  }
  if (!run.has_writes()) return {CommitStatus::committed, run.depends_on()};
  if (chain_->refuses_writes()) return judge_unwritable(run);
  if (held_back_by_turn(run)) return refused(CommitStatus::conflict, true);
  if (!run.still_valid()) return refused(CommitStatus::conflict);
  if (too_far_ahead()) return {CommitStatus::unavailable, 0};
  if (const auto refusal = refused_by_limit(run)) return *refusal;
  NodePtr node = run.make_node();
  if (handed != nullptr) node->exchange = std::make_unique<ExchangeId>(*handed);
  while (!follower_.append(node)) {
    if (!run.still_valid()) return refused(CommitStatus::conflict);
    if (const auto refusal = refused_by_limit(run)) return *refusal;
  }
  // Invariant I2: a run is what its guest does at its place.
  SLUICE_DEBUG_ASSERT(run.holds_at() == 0 || run.holds_at() + 1 == follower_.version(),
                      "what the run has read holds where it is appended");
  chain_->ring();
  return {CommitStatus::committed, follower_.version()};
}

std::optional<Commit> ChainView::refused_by_limit(const Run& run) const {
  const HeldLimit* const held = run.limit();
  if (held == nullptr) [[likely]]
    return std::nullopt;
  if (run.passes_limit()) return Commit{CommitStatus::full, follower_.version()};
  if (held->state.sealed) return Commit{CommitStatus::sealed, 0};
  return std::nullopt;
}

// What the limit refuses needs no medium.
Commit ChainView::judge_unwritable(Run& run) const {
  const bool full = run.limit() != nullptr && run.still_valid() && run.passes_limit();
  return full ? Commit{CommitStatus::full, follower_.version()}
              : Commit{CommitStatus::unavailable, 0};
}

Commit ChainView::judge_elsewhere(Run& run) const {
  if (run.limit() == nullptr) return {CommitStatus::not_owner, 0};
  if (!run.still_valid()) return refused(CommitStatus::conflict);
  return {run.passes_limit() ? CommitStatus::full : CommitStatus::not_owner, follower_.version()};
}

// On a chain that has ended, a run can neither count nor get a turn, so trying again would never
// end.
Commit ChainView::refused(CommitStatus status, bool turn_held) const {
  if (chain_->has_ended()) return {CommitStatus::not_owner, 0};
  return {status, 0, turn_held};
}

// Requires: the view has just caught up.
bool ChainView::too_far_ahead() const {
  const Version durable = durable_->load(std::memory_order_acquire);
  return follower_.version() >= durable + engine_->limits.pending_commits_max;
}

// A version below first_ belongs to an ownership that is over, and its fate is final.
bool ChainView::is_durable(Version version) const {
  if (version < first_) [[unlikely]]
    return chain_->fate(version) == Chain::VersionFate::durable;
  return durable_->load(std::memory_order_acquire) >= version;
}

Task<Result<void>> ChainView::durable(Version version, TimePoint deadline) {
  on_core_.here();
  const auto self = shared_from_this();
  if (is_durable(version)) co_return Result<void>();
  if (version < first_) {
    if (chain_->fate(version) == Chain::VersionFate::lost) co_return lost();
    co_return fail(ErrorKind::unavailable, "the store no longer knows whether this was written");
  }
  if (engine_->closed.load(std::memory_order_acquire)) co_return closed();
  DurableWaits::Wait wait(waits_, version, deadline);
  if (waits_.begin(wait)) co_await wait;
  co_return wait.outcome();
}

void ChainView::nudge() {
  if (nudged_.exchange(true, std::memory_order_relaxed)) return;
  loop_.post([self = shared_from_this()] {
    self->nudged_.store(false, std::memory_order_relaxed);
    self->follower_.catch_up();
    self->engine_->bell->call();
    if (!self->owning_) self->loop_.spawn(self->own_contents());
  });
}

// Copies the shared segments in advance. Otherwise the first change of each segment would copy it,
// and such changes may come in bursts.
Task<void> ChainView::own_contents() {
  const auto self = shared_from_this();
  owning_ = true;
  owned_to_ = 0;
  while (follower_.replica().own_some(owned_to_, kSegmentsAtOnce)) {
    co_await loop_.yield();
    if (engine_->closed.load(std::memory_order_acquire)) break;
  }
  owning_ = false;
}

// --- Counting ---

// Posts the result of a count to its core. The thread that counts may drop the count unfinished
// when the store closes; the core then learns only that it has ended.
class ChainView::Count {
 public:
  Count(ChainView& view, std::vector<std::string> prefixes)
      : view_(view.weak_from_this()),
        chain_(view.chain_),
        backroom_(view.engine_->backroom),
        loop_(view.loop_),
        prefixes_(std::move(prefixes)) {}
  Count(const Count&) = delete;
  Count& operator=(const Count&) = delete;
  // Requires: the view is destroyed on its own thread.
  ~Count() {
    loop_.post(
        [view = std::move(view_), prefixes = std::move(prefixes_), counts = std::move(counts_)] {
          if (const auto self = view.lock()) self->on_counts(prefixes, counts);
        });
  }
  void count(Table table) {
    counts_ = count_keys(table, prefixes_);
    backroom_->throw_away(std::move(table));
    // Before the waiting runs resume, so that a bulk change that follows them has these counters.
    if (const auto known = chain_.lock()) save(known->note_prefixes(prefixes_));
  }

 private:
  void save(std::vector<std::string> prefixes) {
    if (prefixes.empty()) return;
    backroom_->give([chain = chain_, prefixes = std::move(prefixes)] {
      if (const auto known = chain.lock()) known->save_prefixes(prefixes);
    });
  }

  std::weak_ptr<ChainView> view_;
  std::weak_ptr<Chain> chain_;
  std::shared_ptr<Backroom> backroom_;
  loop::EventLoop& loop_;
  std::vector<std::string> prefixes_;
  std::vector<std::uint64_t> counts_;  // empty until counted
};

Task<Result<void>> ChainView::counted(TimePoint deadline) {
  const auto self = shared_from_this();
  while (true) {
    if (engine_->closed.load(std::memory_order_acquire)) co_return closed();
    if (chain_->has_ended()) co_return lost();
    count_wanted();
    if (counting_ == 0) co_return Result<void>();
    const bool ended = co_await count_waits_.wait(deadline);
    if (!ended) co_return fail(ErrorKind::timed_out, "the store has not counted in time");
  }
}

// Counts all wanted prefixes on a copy and off the core. One count at a time.
void ChainView::count_wanted() {
  if (counting_ != 0) return;
  Replica& replica = follower_.replica();
  std::vector<std::string> prefixes = replica.counts().take_wanted();
  std::erase_if(prefixes, [&](const auto& prefix) { return replica.counts().find(prefix); });
  if (prefixes.empty()) return;
  counting_ = ++last_count_;
  engine_->counting->give([table = replica.begin_count(prefixes, counting_),
                           count = std::make_unique<Count>(*this, prefixes)]() mutable {
    count->count(std::exchange(table, Table()));
  });
}

void ChainView::on_counts(const std::vector<std::string>& prefixes,
                          const std::vector<std::uint64_t>& counts) {
  for (std::size_t i = 0; i < counts.size(); ++i) {
    follower_.replica().finish_count(prefixes[i], counts[i], counting_);
  }
  counting_ = 0;
  count_waits_.notify_all();
}

void ChainView::tell_prefixes(std::vector<std::string> prefixes) {
  engine_->backroom->give(
      [chain = std::weak_ptr(chain_), prefixes = std::move(prefixes)]() mutable {
        const auto known = chain.lock();
        if (known) known->save_prefixes(known->note_prefixes(std::move(prefixes)));
      });
}

bool ChainView::contains(std::string_view key) {
  on_core_.here();
  follower_.catch_up();
  const Replica& replica = follower_.replica();
  return replica.find(replica.hash(key), key) != nullptr;
}

std::unique_ptr<Run> ChainView::lend_run() {
  on_core_.here();
  std::unique_ptr<Run> run;
  if (idle_runs_.empty()) {
    run = std::make_unique<Run>();
  } else {
    run = std::move(idle_runs_.back());
    idle_runs_.pop_back();
  }
  run->begin(shared_from_this(), follower_, engine_->limits, claim_turn());
  return run;
}

void ChainView::take_back(std::unique_ptr<Run> run) {
  on_core_.here();
  PrefixCounts& counts = follower_.replica().counts();
  if (counts.has_news()) [[unlikely]]
    tell_prefixes(counts.take_news());
  if (idle_runs_.size() < kIdleRunsMax) idle_runs_.push_back(std::move(run));
}

void ChainView::restart_run(Run& run) {
  run.restart(run.turn() != 0 && run.turn() == held_turn_ ? held_turn_ : claim_turn());
}

// --- Turns ---

bool ChainView::held_back_by_turn(const Run& run) const {
  if (!chain_->turns().busy()) return false;
  return run.turn() == 0 || run.turn() != held_turn_;
}

template <class Work>
void ChainView::tell_home(Work work) {
  if (engine_->closed.load(std::memory_order_acquire)) return;  // the loops may be gone, too
  home_.post([chain = chain_, work = std::move(work)] { work(chain->turns()); });
}

Task<Result<View::Turn>> ChainView::turn(TimePoint deadline) {
  on_core_.here();
  const auto self = shared_from_this();
  if (engine_->closed.load(std::memory_order_acquire)) co_return closed();
  if (chain_->has_ended()) co_return lost();
  TurnWait wait(*this);
  const std::uint64_t ticket = wait.ticket_;
  const bool granted = co_await wait.granted(deadline);
  if (wait.lost_) co_return lost();
  if (granted) co_return Turn(self, ticket);
  co_return fail(ErrorKind::timed_out, "too many runs want to write to the same shared data");
}

void ChainView::grant_turn(std::uint64_t ticket) {
  if (engine_->closed.load(std::memory_order_acquire)) return;
  loop_.post([self = shared_from_this(), ticket] { self->on_turn(ticket); });
}

void ChainView::on_turn(std::uint64_t ticket) {
  on_core_.here();
  const auto found = std::ranges::find(turn_waits_, ticket, &TurnWait::ticket_);
  if (found == turn_waits_.end()) {  // gave up meanwhile
    if (ticket >= first_ticket_) tell_home([](TurnQueue& turns) { turns.release(); });  // else lost
    return;
  }
  TurnWait& wait = **found;
  turn_waits_.erase(found);
  wait.ticket_ = 0;
  held_turn_ = unclaimed_turn_ = ticket;
  wait.granted_.notify_now();
  unclaimed_turn_ = 0;  // the promise of View::turn holds until the run first waits
}

void ChainView::end_turn(std::uint64_t ticket) {
  on_core_.here();
  if (ticket < first_ticket_) return;  // its chain has ended, and the turn with it
  held_turn_ = unclaimed_turn_ = 0;
  tell_home([](TurnQueue& turns) { turns.release(); });
}

TurnWait::TurnWait(ChainView& view)
    : view_(view), ticket_(++view.last_ticket_), granted_(view.loop_) {
  view_.turn_waits_.push_back(this);
  view_.tell_home([view = view_.weak_from_this(), ticket = ticket_](TurnQueue& turns) {
    turns.request(view, ticket);
  });
}

TurnWait::~TurnWait() {
  if (ticket_ == 0) return;
  std::erase(view_.turn_waits_, this);
  view_.tell_home([view = view_.weak_from_this(), ticket = ticket_](TurnQueue& turns) {
    turns.cancel(view, ticket);
  });
}

}  // namespace sluice::store
