// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/tenure.h"

#include <utility>

#include "base/assert.h"
#include "store/bulk.h"

namespace sluice::store {
namespace {

// After so long no run waits for the outcome of a transaction any more.
constexpr Duration kForgottenMax = std::chrono::minutes(1);

// An owner whose transaction etcd has not taken for so long, although etcd takes other writes of
// this process, gives the namespace up: rule 11.
constexpr Duration kStuckMax = std::chrono::seconds(2);
// Since the other write, so much time and so many copies must have passed. One copy may have been
// with an endpoint that hangs.
constexpr Duration kOthersPassMin = std::chrono::seconds(1);
constexpr int kFailedCopiesMin = 3;
constexpr std::int64_t kLookLeaseSeconds = 1;

// etcd is there, and takes nothing: it is full, or forbids it.
bool says_no(const etcd::CallFailure& failure) {
  return failure.status == etcd::Status::resource_exhausted ||
         failure.status == etcd::Status::permission_denied;
}

}  // namespace

Tenure::Tenure(EtcdContext& context, std::string ns, Fence fence, BootTime writes_from)
    : context_(context),
      ns_(std::move(ns)),
      fence_(fence),
      writes_from_(writes_from),
      owner_key_(context.keys.owner(ns_)),
      seq_key_(context.keys.seq(ns_)) {}

void Tenure::install(ChainState state) {
  if (state_) return;
  told_ = sent_ = state.seq.version;
  state_.emplace(std::move(state));
}

void Tenure::add_compares(pb::TxnRequest& txn) const {
  compare_created(txn, owner_key_, static_cast<std::int64_t>(fence_));
  compare_changed(txn, seq_key_, state_->revision);
  add_range(*txn.add_failure(), owner_key_);
  add_range(*txn.add_failure(), seq_key_);
}

Result<Tenure::OwnerStanding> Tenure::standing(const pb::TxnResponse& response) const {
  const auto broken = [&] {
    return fail(ErrorKind::internal, "the key `" + seq_key_ +
                                         "` in etcd is not as Sluice has written it: restore a "
                                         "backup of etcd");
  };
  if (response.responses_size() != 2) return broken();
  const auto& owner = response.responses(0).response_range();
  const auto& end = response.responses(1).response_range();
  if (end.kvs_size() != 1) return broken();
  auto seq = Seq::decode(end.kvs(0).value());
  if (!seq) return broken();
  OwnerStanding standing;
  standing.mine =
      owner.kvs_size() == 1 && owner.kvs(0).create_revision() == static_cast<std::int64_t>(fence_);
  standing.seq = std::move(*seq);
  standing.revision = end.kvs(0).mod_revision();
  return standing;
}

Task<Result<void>> Tenure::write(Batch& batch) {
  SLUICE_ASSERT(state_ || over_, "a chain begins with the state in etcd");
  bool confirmed = false;
  if (pending_) {
    SLUICE_CO_CHECK(co_await settle(Clock::now() + context_.open_max));
    confirmed = true;
  }
  while (!is_ending() && state_->seq.version < batch.version) {
    SLUICE_CO_CHECK(co_await write_some(batch));
    confirmed = true;
  }
  if (!is_ending() && !confirmed) {
    SLUICE_CO_CHECK(co_await confirm(Clock::now() + context_.open_max));
  }
  if (is_ending()) {
    end(batch);
  } else {
    batch.permit = permit_;
  }
  co_return Result<void>();
}

Task<Result<void>> Tenure::write_some(const Batch& batch) {
  SLUICE_ASSERT(!pending_, "I9: one transaction of a namespace is sent at a time");
  const TimePoint deadline = Clock::now() + context_.open_max;
  const Node* const next = first_unwritten(batch);
  EtcdRetry retry(deadline);
  while (!pending_ && next->bulk) {
    const auto made = co_await make_bulk(*next->bulk, version_of(batch, *next));
    if (over_) co_return Result<void>();
    if (!made && !retry.again()) co_return made;
    if (!made) co_await context_.loop().sleep_for(retry.pause());
  }
  if (!pending_) make_group(batch);
  co_return co_await settle(deadline);
}

void Tenure::end(Batch& batch) {
  batch.lost = true;
  if (!state_) return;
  note_told(state_->seq.version);
  for (const Node* node = batch.after; node != batch.last;) {
    node = node->next.load(std::memory_order_acquire);
    if (version_of(batch, *node) > state_->seq.version) return;
    batch.kept = node;
  }
}

// Sends the pending transaction until its outcome is known.
Task<Result<void>> Tenure::settle(TimePoint deadline) {
  SLUICE_ASSERT(pending_, "there is a transaction to settle");
  EtcdRetry retry(deadline);
  retry.avoid = pending_->endpoint;
  retry.attempt = pending_->attempt;
  while (!pending_->refused) {
    const BootTime now = BootClock::now();
    // Invariant I5: between a take and its first write no older permit to read is alive.
    SLUICE_ASSERT(now >= writes_from_, "the permits of older owners end before the first write");
    if (!pending_->first_sent) pending_->first_sent = now;
    sent_ = std::max(sent_, pending_->seq.version);
    const auto reply = co_await context_.kv.txn(pending_->request, retry.options());
    if (reply && reply->succeeded()) {
      commit(reply->header().revision());
      co_return Result<void>();
    }
    if (reply) co_return co_await judge(*reply);
    retry.note_failure(reply.error().endpoint);
    pending_->endpoint = retry.avoid;
    pending_->attempt = retry.attempt;
    pending_->refused = reply.error().status == etcd::Status::invalid_argument;
    if (pending_->refused || is_stuck()) break;
    if (!retry.again()) co_return std::unexpected(error_of(reply.error()));
    co_await context_.loop().sleep_for(
        retry.pause(says_no(reply.error()) ? kLastRefusedRetry : kLastRetry));
  }
  co_return co_await give_up(deadline);
}

// The compares have failed, so no copy of the transaction is applied from now on.
Task<Result<void>> Tenure::judge(const pb::TxnResponse& response) {
  SLUICE_CO_TRY(const OwnerStanding now, standing(response));
  const RandomId group = pending_->seq.group;
  if (now.mine && now.seq.group != group) {
    stop("another program has written `" + seq_key_ + "`");
    pending_.reset();
    co_return Result<void>();
  }
  over_ = over_ || !now.mine;
  Seq::GroupFate fate = now.seq.fate(fence_, group);
  if (fate == Seq::GroupFate::forgotten) {
    const auto then = co_await recall();
    if (then) fate = then->fate(fence_, group);
  }
  if (fate == Seq::GroupFate::forgotten &&
      BootClock::now() - *pending_->first_sent < kForgottenMax) {
    co_return fail(ErrorKind::unavailable,
                   "other members have owned " + ns_ +
                       " so often since a write that its outcome cannot be known");
  }
  if (fate == Seq::GroupFate::committed) {
    commit(now.revision);
  } else {
    pending_.reset();
  }
  co_return Result<void>();
}

Task<std::optional<Seq>> Tenure::recall() {
  if (over_at_ == 0) co_return std::nullopt;
  pb::RangeRequest request = range_of(seq_key_);
  request.set_revision(over_at_);
  etcd::CallOptions options;
  options.deadline = Clock::now() + kAttemptMax;
  const auto reply = co_await context_.kv.range(request, options);
  if (!reply || reply->kvs_size() != 1) co_return std::nullopt;
  auto seq = Seq::decode(reply->kvs(0).value());
  co_return seq ? std::optional(std::move(*seq)) : std::nullopt;
}

void Tenure::commit(std::int64_t revision) {
  const std::unique_ptr<PendingTxn> done = std::move(pending_);
  gave_up_ = gave_up_ && over_;
  // Invariant I1: one chain; each group names the one before, under the fence that is current.
  SLUICE_ASSERT(done->seq.fence == fence_ && done->seq.version > state_->seq.version,
                "each group follows the one before");
  // Invariant I10: `sent` is not below any version that etcd may have.
  SLUICE_ASSERT(done->seq.version <= sent_, "what etcd has was sent");
  if (done->contents) {
    state_->dead.push_back(state_->seq.epoch);
    state_->contents = std::move(*done->contents);
    building_.reset();
  } else {
    state_->contents.apply(done->changes);
    for (auto& [key, value] : done->dirty) building_->dirty[key] = std::move(value);
  }
  SLUICE_ASSERT(state_->contents.checksum() == done->seq.checksum,
                "the checksum of a group is that of the contents behind it");
  state_->seq = std::move(done->seq);
  state_->revision = revision;
  permit_ = std::max(permit_, *done->first_sent + context_.cluster.permit);
}

Task<Result<void>> Tenure::confirm(TimePoint deadline) {
  // Invariant I9: until an outcome is known, the owner sends that transaction only.
  SLUICE_ASSERT(!pending_, "a confirmation comes after the outcome of the last group");
  pb::TxnRequest txn;
  compare_created(txn, owner_key_, static_cast<std::int64_t>(fence_));
  add_range(*txn.add_success(), seq_key_);  // without a Range, etcd may answer from an old state
  add_range(*txn.add_failure(), owner_key_);
  add_range(*txn.add_failure(), seq_key_);
  EtcdRetry retry = hasty_retry(context_, deadline);
  while (true) {
    const BootTime sent = BootClock::now();
    const auto reply = co_await context_.kv.txn(txn, retry.options());
    if (reply && !reply->succeeded()) {
      over_ = true;
      co_return Result<void>();
    }
    if (reply) {
      const auto& end = reply->responses(0).response_range();
      if (end.kvs_size() != 1 || end.kvs(0).mod_revision() != state_->revision) {
        stop("another program has written `" + seq_key_ + "`");
      } else {
        permit_ = std::max(permit_, sent + context_.cluster.permit);
      }
      co_return Result<void>();
    }
    retry.note_failure(reply.error().endpoint);
    if (!retry.again()) co_return std::unexpected(error_of(reply.error()));
    co_await context_.loop().sleep_for(retry.pause());
  }
}

void Tenure::stop(const std::string& reason) {
  over_ = true;
  context_.logger.error("store: " + ns_ + " is given up: " + reason);
}

// While etcd is away, or takes no write of anybody, this process keeps the namespace: nobody else
// could write it either, and the transaction passes when etcd is back.
bool Tenure::is_stuck() {
  if (BootClock::now() - *pending_->first_sent < kStuckMax) return false;
  if (pending_->others_pass) {
    return ++pending_->failures >= kFailedCopiesMin &&
           Clock::now() - *pending_->others_pass >= kOthersPassMin;
  }
  if (looking_.valid() && !looking_.done()) return false;
  looking_ = look_at_others();
  looking_.start();
  return false;
}

// A lease is the smallest thing that etcd writes, and it vanishes by itself.
Task<void> Tenure::look_at_others() {
  pb::LeaseGrantRequest request;
  request.set_id(random_lease());
  request.set_ttl(kLookLeaseSeconds);
  EtcdRetry retry(TimePoint::max());
  const auto reply = co_await context_.kv.lease_grant(request, retry.options());
  if (reply && pending_) pending_->others_pass = Clock::now();
}

Task<Result<void>> Tenure::give_up(TimePoint deadline) {
  gave_up_ = true;  // a watch may see the end before the answer comes
  if (!std::exchange(pending_->given_up, true)) {
    context_.logger.error("store: " + ns_ +
                          " is given up, because etcd does not take a transaction: look at "
                          "--max-txn-ops and --max-request-bytes of etcd, at the role of its "
                          "user, and at the network between");
  }
  pb::TxnRequest txn;
  compare_created(txn, owner_key_, static_cast<std::int64_t>(fence_));
  add_delete(*txn.add_success(), owner_key_);
  add_range(*txn.add_failure(), owner_key_);
  add_range(*txn.add_failure(), seq_key_);
  EtcdRetry retry = hasty_retry(context_, deadline);
  while (true) {
    // The second copy at the latest finds that the fence is over.
    const auto reply = co_await context_.kv.txn(txn, retry.options());
    if (reply && !reply->succeeded()) co_return co_await judge(*reply);
    if (reply) continue;
    retry.note_failure(reply.error().endpoint);
    const bool forbidden = says_no(reply.error()) && !pending_->refused;  // this, too
    gave_up_ = !forbidden;
    if (forbidden || !retry.again()) co_return std::unexpected(error_of(reply.error()));
    co_await context_.loop().sleep_for(retry.pause());
  }
}

Task<Result<void>> Tenure::release(TimePoint deadline) {
  if (pending_) SLUICE_CO_CHECK(co_await settle(deadline));
  if (over_) co_return Result<void>();
  SLUICE_ASSERT(!pending_, "I9: a release comes after the outcome of the last group");
  pb::TxnRequest txn;
  compare_created(txn, owner_key_, static_cast<std::int64_t>(fence_));
  add_delete(*txn.add_success(), owner_key_);
  // The next owner does not wait then. So no permit that this one has waited for may be alive.
  if (BootClock::now() >= writes_from_) {
    add_put(*txn.add_success(), context_.keys.released(ns_), context_.me.incarnation.text());
  }
  add_range(*txn.add_failure(), owner_key_);
  EtcdRetry retry = hasty_retry(context_, deadline);
  over_ = true;
  auto reply = co_await context_.kv.txn(txn, retry.options());
  while (!reply && retry.again()) {
    retry.note_failure(reply.error().endpoint);
    co_await context_.loop().sleep_for(retry.pause());
    reply = co_await context_.kv.txn(txn, retry.options());
  }
  if (!reply) co_return std::unexpected(error_of(reply.error()));
  co_return Result<void>();
}

}  // namespace sluice::store
