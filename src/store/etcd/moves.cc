// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/moves.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/json.h"
#include "store/etcd/requests.h"
#include "store/etcd/watch_loop.h"

namespace sluice::store {
namespace {

constexpr Duration kMovesPause = std::chrono::milliseconds(100);
constexpr Duration kMovePoll = std::chrono::milliseconds(5);
// A member that restarts is away for a moment, and comes back as another incarnation.
constexpr Duration kRestartMax = std::chrono::seconds(3);
constexpr Duration kRestartPoll = std::chrono::milliseconds(50);

std::string value_of_move(const std::string& ns, const std::string& member) {
  return Json{{"namespace", ns}, {"member", member}}.dump(-1, ' ', false,
                                                          Json::error_handler_t::replace);
}

std::string text_in(const Json& value, const char* key) {
  const auto found = value.find(key);
  return found != value.end() && found->is_string() ? found->get<std::string>() : std::string();
}

etcd::CallOptions within_attempt() {
  etcd::CallOptions options;
  options.deadline = Clock::now() + kAttemptMax;
  return options;
}

}  // namespace

Moves::Moves(EtcdContext& context, OnMove on_move)
    : context_(context), on_move_(std::move(on_move)) {}

void Moves::start() {
  following_ = follow();
  following_.start();
}

std::string Moves::target_of(std::string_view ns) const {
  const auto found = moves_.find(context_.keys.move(ns));
  return found == moves_.end() ? std::string() : found->second.member;
}

Task<void> Moves::follow() {
  while (true) {
    const auto revision = co_await read();
    if (revision) co_await watch(*revision + 1);
    co_await context_.loop().sleep_for(kMovesPause);
  }
}

Task<Result<std::int64_t>> Moves::read() {
  const pb::RangeRequest request = range_of_prefix(context_.keys.moves());
  etcd::CallOptions options;
  options.deadline = Clock::now() + kReadMax;
  const auto reply = co_await context_.kv.range(request, options);
  if (!reply) co_return std::unexpected(error_of(reply.error()));
  std::vector<std::string> gone;
  for (const auto& [key, move] : moves_) {
    const bool there =
        std::ranges::any_of(reply->kvs(), [&](const auto& kv) { return kv.key() == key; });
    if (!there) gone.push_back(key);
  }
  for (const std::string& key : gone) set(key, nullptr);
  for (const auto& kv : reply->kvs()) set(kv.key(), &kv);
  co_return reply->header().revision();
}

Task<void> Moves::watch(std::int64_t from) {
  etcd::WatchOptions options;
  options.key = context_.keys.moves();
  options.range_end = end_of_prefix(context_.keys.moves());
  options.start_revision = from;
  options.avoid = avoid_;
  const OnEvent on_event = [this](const pb::Event& event) {
    set(event.kv().key(), event.type() == pb::Event::DELETE ? nullptr : &event.kv());
  };
  avoid_ = co_await watch_until_it_ends(context_.kv, std::move(options), on_event);
}

void Moves::set(const std::string& key, const pb::KeyValue* kv) {
  const auto before = moves_.find(key);
  if (kv == nullptr) {
    if (before == moves_.end()) return;
    const std::string ns = before->second.ns;
    moves_.erase(before);
    return on_move_(ns, "");
  }
  const Json value = Json::parse(kv->value(), nullptr, false);
  if (!value.is_object()) return;
  Move move{text_in(value, "namespace"), text_in(value, "member")};
  if (move.ns.empty() || context_.keys.move(move.ns) != key) return;
  const Move& now = moves_[key] = std::move(move);
  on_move_(now.ns, now.member);
}

Task<Result<void>> Moves::move(std::string ns, std::string member) {
  SLUICE_CO_CHECK(Keys::check(ns));
  SLUICE_CO_TRY(const Plan plan, co_await this->plan(ns, member));
  if (plan.is_done()) co_return Result<void>();
  SLUICE_CO_TRY(const std::int64_t lease, co_await this->lease());
  auto moved = co_await begin(plan, lease);
  if (moved) moved = co_await wait_for(plan);
  co_await end(lease);
  co_return moved;
}

Task<Result<Moves::Plan>> Moves::look(const std::string& ns, const std::string& member) {
  pb::TxnRequest txn;
  add_range(*txn.add_success(), context_.keys.member(member));
  add_range(*txn.add_success(), context_.keys.owner(ns));
  add_range(*txn.add_success(), context_.keys.seq(ns));
  const auto reply = co_await context_.kv.txn(txn, within_attempt());
  if (!reply) co_return std::unexpected(error_of(reply.error()));
  const auto& owner = reply->responses(1).response_range();
  co_return Plan{.ns = ns,
                 .member = member,
                 .target = member_in(reply->responses(0).response_range()),
                 .owner = member_in(owner),
                 .exists = owner.kvs_size() + reply->responses(2).response_range().kvs_size() > 0};
}

Task<Result<Moves::Plan>> Moves::plan(const std::string& ns, const std::string& member) {
  const TimePoint end = Clock::now() + kRestartMax;
  while (true) {
    SLUICE_CO_TRY(Plan plan, co_await look(ns, member));
    if (!plan.exists) co_return fail(ErrorKind::not_found, "there is no shared data `" + ns + "`");
    if (plan.target) co_return plan;
    if (Clock::now() > end) {
      co_return fail(ErrorKind::not_found, "there is no member `" + member + "` in the cluster");
    }
    co_await context_.loop().sleep_for(kRestartPoll);
  }
}

// Of the move: it ends by itself if this process dies.
Task<Result<std::int64_t>> Moves::lease() {
  pb::LeaseGrantRequest request;
  request.set_id(random_lease());
  request.set_ttl(std::chrono::duration_cast<std::chrono::seconds>(kMoveMax).count());
  const auto reply = co_await context_.kv.lease_grant(request, within_attempt());
  if (!reply) co_return std::unexpected(error_of(reply.error()));
  co_return request.id();
}

Task<Result<void>> Moves::begin(const Plan& plan, std::int64_t lease) {
  const std::string key = context_.keys.move(plan.ns);
  pb::TxnRequest txn;
  compare_created(txn, key, 0);
  add_put(*txn.add_success(), key, value_of_move(plan.ns, plan.member), lease);
  add_range(*txn.add_failure(), key);
  const auto reply = co_await context_.kv.txn(txn, within_attempt());
  if (!reply) co_return std::unexpected(error_of(reply.error()));
  if (reply->succeeded()) co_return Result<void>();
  co_return fail(ErrorKind::conflict, "`" + plan.ns + "` is being moved already: try again later");
}

Task<Result<void>> Moves::wait_for(const Plan& plan) {
  const TimePoint end = Clock::now() + kMoveMax;
  TimePoint seen = Clock::now();  // the member
  while (Clock::now() < end && Clock::now() - seen < kRestartMax) {
    const auto now = co_await look(plan.ns, plan.member);
    if (now && now->is_done()) co_return Result<void>();
    if (!now || now->target) seen = Clock::now();
    co_await context_.loop().sleep_for(kMovePoll);
  }
  const std::string what = "the member `" + plan.member + "` has not taken `" + plan.ns + "`: ";
  if (Clock::now() - seen >= kRestartMax) {
    co_return fail(ErrorKind::unavailable,
                   what +
                       "it has left the cluster meanwhile; move it to another one, or leave it "
                       "to whoever comes first");
  }
  co_return fail(ErrorKind::unavailable,
                 what + "its pipeline does not run there, or the owner does not answer");
}

Task<void> Moves::end(std::int64_t lease) {
  EtcdRetry retry(Clock::now() + kReleaseMax);
  while (true) {
    const auto reply = co_await context_.kv.lease_revoke(lease, retry.options());
    if (reply || !retry.again()) co_return;
    co_await context_.loop().sleep_for(retry.pause());
  }
}

}  // namespace sluice::store
