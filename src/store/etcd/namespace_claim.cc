// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/namespace_claim.h"

#include <utility>

#include "store/etcd/requests.h"
#include "store/etcd/watch_loop.h"

namespace sluice::store {
namespace {

constexpr Duration kFollowPause = std::chrono::milliseconds(100);
constexpr Duration kStrivePause = std::chrono::milliseconds(500);  // without a notice

}  // namespace

NamespaceClaim::NamespaceClaim(EtcdContext& context, Membership& membership, std::string ns,
                               std::shared_ptr<Outlook> outlook, const Observer& observer)
    : context_(context),
      membership_(membership),
      observer_(observer),
      ns_(std::move(ns)),
      key_(context.keys.owner(ns_)),
      outlook_(std::move(outlook)),
      wake_(context.loop()),
      moved_(context.loop()),
      news_(context.loop()) {}

void NamespaceClaim::start() {
  following_ = follow();
  following_.start();
  striving_ = strive();
  striving_.start();
}

void NamespaceClaim::tell() {
  context_.ring();
  news_.notify_all();
}

Task<Result<std::optional<Fence>>> NamespaceClaim::first(TimePoint deadline) {
  while (true) {
    if (!tenure_ && has_newest() && BootClock::now() >= newest_->writes_from()) {
      tenure_ = newest_;
    }
    if (tenure_) {
      co_return tenure_->is_ending() ? std::nullopt : std::optional(tenure_->fence());
    }
    const bool of_another = place_ == Place::elsewhere || (owner_ && !owner_->mine);
    if (has_newest() || waits_turn_ || of_another) co_return std::nullopt;
    const bool told = co_await news_.wait(deadline);
    if (told) continue;
    if (trouble_) co_return std::unexpected(*trouble_);
    co_return fail(ErrorKind::unavailable, "etcd does not say who owns " + ns_);
  }
}

void NamespaceClaim::collect_news(std::vector<Medium::News>& news) {
  if (tenure_ && tenure_->is_ending() && !tenure_->is_unresolved()) {
    news.push_back({ns_, tenure_->fence(), false});
    tenure_.reset();
    act();
  }
  if (!tenure_ && has_newest() && BootClock::now() >= newest_->writes_from()) {
    tenure_ = newest_;
    news.push_back({ns_, tenure_->fence(), true});
  }
}

void NamespaceClaim::forget() {
  if (newest_) newest_->note_over(0);
  seen_ = -1;
  following_ = follow();  // ends the watch
  following_.start();
  tell();
}

Task<void> NamespaceClaim::follow() {
  while (true) {
    const auto revision = co_await read_owner();
    if (revision) {
      co_await watch_owner(*revision + 1);
    } else {
      trouble_ = revision.error();
    }
    co_await context_.loop().sleep_for(kFollowPause);
  }
}

Task<Result<std::int64_t>> NamespaceClaim::read_owner() {
  const pb::RangeRequest request = range_of(key_);
  etcd::CallOptions options;
  options.deadline = Clock::now() + kReadMax;
  const auto reply = co_await context_.kv.range(request, options);
  if (!reply) co_return std::unexpected(error_of(reply.error()));
  see(*reply, reply->header().revision());
  co_return reply->header().revision();
}

Task<void> NamespaceClaim::watch_owner(std::int64_t from) {
  etcd::WatchOptions options;
  options.key = key_;
  options.start_revision = from;
  options.avoid = avoid_;
  const OnEvent on_event = [this](const pb::Event& event) {
    const bool gone = event.type() == pb::Event::DELETE;
    see(gone ? std::nullopt : owner_of(event.kv()), event.kv().mod_revision());
  };
  avoid_ = co_await watch_until_it_ends(context_.kv, std::move(options), on_event);
}

std::optional<NamespaceClaim::Owner> NamespaceClaim::owner_of(const pb::KeyValue& kv) const {
  auto record = MemberRecord::decode(kv.value());
  const bool mine = record && record->incarnation == context_.me.incarnation;
  return Owner{mine, kv.create_revision(), record ? std::move(*record) : MemberRecord()};
}

void NamespaceClaim::see(const pb::RangeResponse& owner, std::int64_t revision) {
  see(owner.kvs_size() == 0 ? std::nullopt : owner_of(owner.kvs(0)), revision);
}

void NamespaceClaim::see(std::optional<Owner> owner, std::int64_t revision) {
  if (revision <= seen_) return;
  seen_ = revision;
  owner_ = owner;
  publish();
  const auto fence = newest_ ? static_cast<std::int64_t>(newest_->fence()) : 0;
  if (has_newest() && revision > fence && (!owner || owner->created != fence)) {
    newest_->note_over(revision);
    note_loss();
  }
  if (owner && !owner->mine) rests_until_ = TimePoint();  // the others had their turn
  if (!owner && newest_ && newest_->has_given_up()) rests_until_ = Clock::now() + kRetireRest;
  tell();
  act();
}

void NamespaceClaim::note_loss() const {
  const std::string by = owner_ && !owner_->mine ? "member " + owner_->member.name + " has taken it"
                                                 : "its ownership was ended in etcd";
  context_.logger.warn("store: this member has lost the shared data of " + ns_ + ": " + by);
}

void NamespaceClaim::publish() {
  const auto known = outlook_->owner();
  const Fence fence = owner_ ? static_cast<Fence>(owner_->created) : 0;
  if ((known ? known->fence : 0) == fence) return;
  std::shared_ptr<store::Owner> owner;
  if (owner_) {
    owner = std::make_shared<store::Owner>();
    owner->member = owner_->member.name;
    owner->incarnation = owner_->member.incarnation;
    owner->address = owner_->member.address;
    owner->fence = fence;
    owner->me = owner_->mine;
  }
  outlook_->set_owner(std::move(owner));
  if (context_.audience != nullptr) context_.audience->on_outlook(ns_);
}

void NamespaceClaim::act() {
  if (taking_ || seen_ < 0) return;
  const auto fence = newest_ ? static_cast<std::int64_t>(newest_->fence()) : 0;
  if (owner_ && owner_->mine && owner_->created > fence) {
    begin(static_cast<Fence>(owner_->created), false);
  }
  if (!owner_ || must_give_back()) wake_.notify();
}

Task<void> NamespaceClaim::strive() {
  while (true) {
    (void)co_await wake_.wait(Clock::now() + kStrivePause);
    if (must_give_back()) co_await give_back();
    const bool may_take = seen_ >= 0 && membership_.lease() != 0 && place_ != Place::elsewhere &&
                          Clock::now() >= rests_until_;
    if (may_take && !owner_) co_await take();
  }
}

pb::TxnRequest NamespaceClaim::take_request() const {
  pb::TxnRequest txn;
  const std::string seq_key = context_.keys.seq(ns_);
  compare_created(txn, key_, 0);
  // A member that has not heard of a move fails.
  if (place_ != Place::here) compare_created(txn, context_.keys.move(ns_), 0);
  add_delete(*txn.add_success(), context_.keys.released(ns_));
  add_put(*txn.add_success(), key_, context_.me.encode(), membership_.lease());
  // The first owner of all makes `seq`.
  pb::TxnRequest& make = *txn.add_success()->mutable_request_txn();
  compare_changed(make, seq_key, 0);
  add_put(*make.add_success(), seq_key, Seq().encode());
  add_range(*make.add_failure(), seq_key);
  add_range(*txn.add_failure(), key_);
  return txn;
}

Task<void> NamespaceClaim::wait_turn() {
  const auto rank = co_await membership_.rank(ns_, observer_.follows());
  if (!rank || *rank == 0) co_return;
  waits_turn_ = true;
  tell();
  const TimePoint end = Clock::now() + kRankStep * static_cast<int>(*rank);
  while (Clock::now() < end && place_ != Place::here) {
    (void)co_await moved_.wait(end);
  }
}

Task<void> NamespaceClaim::take() {
  if (place_ != Place::here) co_await wait_turn();
  if (owner_ || place_ == Place::elsewhere) co_return;
  const pb::TxnRequest request = take_request();
  etcd::CallOptions options;
  options.deadline = Clock::now() + kAttemptMax;
  taking_ = true;
  const auto reply = co_await context_.kv.txn(request, options);
  taking_ = false;
  if (reply && reply->succeeded()) {
    taken(*reply);
  } else if (reply) {
    see(reply->responses(0).response_range(), reply->header().revision());
    act();
    if (!owner_) co_await context_.loop().sleep_for(kFollowPause);  // a move is under way
  } else {
    trouble_ = error_of(reply.error());
    act();
    co_await context_.loop().sleep_for(kFollowPause);
  }
}

// No permit to read is older than `seq`, and an owner that has given up in order has none.
void NamespaceClaim::taken(const pb::TxnResponse& response) {
  const std::int64_t revision = response.header().revision();
  const bool released = response.responses(0).response_delete_range().deleted() > 0;
  const bool fresh = response.responses(2).response_txn().succeeded();
  if (revision > seen_) {
    seen_ = revision;
    owner_ = Owner{true, revision, context_.me};
    publish();
  }
  const auto fence = static_cast<Fence>(revision);
  begin(fence, released || fresh);
  // The watch may have seen the end already.
  if (seen_ > revision && (!owner_ || owner_->created != revision)) newest_->note_over(seen_);
  act();
}

void NamespaceClaim::begin(Fence fence, bool at_once) {
  waits_turn_ = false;
  trouble_.reset();
  const Duration wait = at_once ? Duration() : context_.older_permit_max();
  context_.logger.info("store: this member takes the shared data of " + ns_);
  newest_ = std::make_shared<Tenure>(context_, ns_, fence, BootClock::now() + wait);
  ready_ = loop::EventLoop::Timer(context_.loop(), Clock::now() + wait, [this] { tell(); });
  tell();
}

void NamespaceClaim::retire(Duration rest) {
  rests_until_ = Clock::now() + rest;
  if (has_newest()) newest_->retire();
  tell();
  act();
}

void NamespaceClaim::move(Place place) {
  if (place == place_) return;
  place_ = place;
  if (place == Place::elsewhere && has_newest()) newest_->retire();
  rests_until_ = TimePoint();
  tell();
  act();
  moved_.notify();
  wake_.notify();
}

Task<void> NamespaceClaim::give_back() {
  const auto mine = newest_;
  if (!mine->is_over()) {
    (void)co_await mine->release(Clock::now() + kReleaseMax);
    co_return;  // the watch tells the end
  }
  pb::TxnRequest txn;
  compare_created(txn, key_, static_cast<std::int64_t>(mine->fence()));
  add_delete(*txn.add_success(), key_);
  add_range(*txn.add_failure(), key_);
  etcd::CallOptions options;
  options.deadline = Clock::now() + kAttemptMax;
  const auto reply = co_await context_.kv.txn(txn, options);
  if (reply && reply->succeeded()) {
    see(std::nullopt, reply->header().revision());
  } else if (reply) {
    see(reply->responses(0).response_range(), reply->header().revision());
  } else {
    co_await context_.loop().sleep_for(kFollowPause);
  }
}

Task<void> NamespaceClaim::release(TimePoint deadline) {
  following_.reset();
  striving_.reset();
  ready_.reset();
  if (tenure_ && tenure_ != newest_) (void)co_await tenure_->release(deadline);
  if (!newest_) co_return;
  const auto released = co_await newest_->release(deadline);
  if (!released) {
    context_.logger.warn("store: " + ns_ +
                         " is not released in order: " + released.error().message);
  }
}

}  // namespace sluice::store
