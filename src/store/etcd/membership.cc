// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/membership.h"

#include <algorithm>
#include <random>
#include <utility>

#include "base/encoding.h"
#include "base/text.h"
#include "store/etcd/requests.h"
#include "store/medium.h"

namespace sluice::store {
namespace {

constexpr Duration kReachMax = std::chrono::seconds(3);
// With a name server that is down, a name is found after 5 s and more. The client of this try keeps
// what it finds, so the try lasts as long as its look-ups.
constexpr Duration kLookUpMax = std::chrono::seconds(30);
constexpr Duration kJoinMax = std::chrono::seconds(10);
constexpr Duration kSizeMax = std::chrono::seconds(60);  // 1.25 MiB at 20 KiB/s
constexpr Duration kComplaintPeriod = std::chrono::minutes(1);
constexpr int kFoldersMax = 64;  // below the prefix, that are looked at
// A process that was killed leaves its name until its lease ends.
constexpr Duration kNameGrace = std::chrono::seconds(2);
constexpr Duration kNamePause = std::chrono::milliseconds(100);
constexpr int kFirstLeasesMax = 10;  // that end before their first use
constexpr unsigned kMajorMin = 3;
constexpr unsigned kMinorMin = 4;

// "3.4.23"
bool is_new_enough(std::string_view version) {
  const auto major = to_number<unsigned>(take_until(version, '.')).value_or(0);
  const auto minor = to_number<unsigned>(take_until(version, '.')).value_or(0);
  return std::pair(major, minor) >= std::pair(kMajorMin, kMinorMin);
}

Hash::Secret new_secret() {
  std::random_device random;
  Hash::Secret secret{};
  for (auto& word : secret) word = (std::uint64_t{random()} << 32) | random();
  return secret;
}

}  // namespace

Membership::Membership(EtcdContext& context, Terms terms)
    : context_(context), terms_(std::move(terms)) {}

Task<Result<void>> Membership::join() {
  SLUICE_CO_CHECK(co_await check_version());
  SLUICE_CO_CHECK(co_await check_around());
  SLUICE_CO_CHECK(co_await check_inside());
  SLUICE_CO_CHECK(co_await find_cluster());
  SLUICE_CO_CHECK(co_await check_size());
  SLUICE_CO_CHECK(co_await grant());
  SLUICE_CO_CHECK(co_await register_first());
  keeping_ = keep_alive();
  keeping_.start();
  co_return Result<void>();
}

Task<etcd::CallReply<pb::TxnResponse>> Membership::txn(const pb::TxnRequest& request) {
  EtcdRetry retry(Clock::now() + kJoinMax);
  auto reply = co_await context_.kv.txn(request, retry.options());
  while (!reply && may_heal(reply.error()) && retry.again()) {
    co_await context_.loop().sleep_for(retry.pause());
    reply = co_await context_.kv.txn(request, retry.options());
  }
  co_return reply;
}

bool Membership::given_up() const { return terms_.given_up && terms_.given_up(); }

Task<Result<void>> Membership::check_version() {
  // Each endpoint may take a call to be found silent.
  const Duration each = kAttemptMax * terms_.endpoints;
  const TimePoint reached_by = Clock::now() + kReachMax + each;
  EtcdRetry retry(Clock::now() + kLookUpMax + each);
  while (true) {
    const auto status = co_await context_.kv.status(retry.options());
    if (status) {
      if (is_new_enough(status->version())) co_return Result<void>();
      co_return fail(ErrorKind::invalid,
                     "etcd has version " + status->version() + ": Sluice needs 3.4 or a newer one");
    }
    // The first calls of a client may go to an endpoint that is down.
    const bool waits = Clock::now() < reached_by || (status.error().awaits_look_up && !given_up());
    if (!may_heal(status.error()) || !waits || !retry.again()) {
      co_return std::unexpected(error_at_start(status.error()));
    }
    co_await context_.loop().sleep_for(retry.pause());
  }
}

Task<Result<void>> Membership::check_around() {
  const std::string& prefix = context_.keys.prefix();
  for (std::size_t end = prefix.find('/'); end != std::string::npos;
       end = prefix.find('/', end + 1)) {
    const std::string around = prefix.substr(0, end);
    const pb::RangeRequest request = range_of(around + "/cluster");
    etcd::CallOptions options;
    options.deadline = Clock::now() + kReadMax;
    const auto reply = co_await context_.kv.range(request, options);
    // Its user may have no right to read there.
    if (!reply && reply.error().status == etcd::Status::permission_denied) continue;
    if (!reply) co_return std::unexpected(error_at_start(reply.error()));
    if (reply->kvs_size() == 0 || !ClusterRecord::decode(reply->kvs(0).value())) continue;
    co_return fail(ErrorKind::conflict, "the prefix `" + prefix + "` in etcd lies in the prefix `" +
                                            around +
                                            "` of another cluster: set an etcd-prefix beside it");
  }
  co_return Result<void>();
}

Task<Result<void>> Membership::check_inside() {
  const std::string below = context_.keys.prefix() + "/";
  const std::string data = context_.keys.all_data();
  pb::RangeRequest request = range_of_prefix(below);
  request.set_range_end(data);  // etcd is not to go through all data
  request.set_limit(1);
  request.set_keys_only(true);
  for (int i = 0; i < kFoldersMax; ++i) {
    etcd::CallOptions options;
    options.deadline = Clock::now() + kReadMax;
    const auto reply = co_await context_.kv.range(request, options);
    if (!reply) co_return std::unexpected(error_at_start(reply.error()));
    if (reply->kvs_size() == 0 && request.range_end() != data) break;
    if (reply->kvs_size() == 0) {
      request.set_key(end_of_prefix(data));
      request.set_range_end(end_of_prefix(below));
      continue;
    }
    const std::string& key = reply->kvs(0).key();
    const std::size_t slash = key.find('/', below.size());
    const std::string folder = key.substr(below.size(), slash - below.size());
    // `cluster` is the first key of a prefix.
    if (!Keys::is_own_folder(folder) && slash != std::string::npos && key.ends_with("/cluster")) {
      co_return fail(ErrorKind::conflict, "the prefix `" + context_.keys.prefix() +
                                              "` in etcd contains another cluster, at `" + key +
                                              "`: set an etcd-prefix beside it");
    }
    request.set_key(slash == std::string::npos ? key + '\0'
                                               : end_of_prefix(key.substr(0, slash + 1)));
  }
  co_return Result<void>();
}

// Without data, a sale would be given away a second time, so a process that knows of a cluster
// makes none.
std::unexpected<Error> Membership::missing_cluster() const {
  const std::string what = "the cluster `" + terms_.cluster + "` is not in etcd (prefix `" +
                           context_.keys.prefix() + "`), ";
  if (terms_.expected.id.empty()) {
    return fail(ErrorKind::not_found,
                what +
                    "and --require-store is given: restore a backup of etcd; for the first start "
                    "of a cluster, leave --require-store out");
  }
  return fail(ErrorKind::not_found,
              what +
                  "and this data-dir is of a member of it: restore a backup of etcd; to begin with "
                  "an empty cluster, start once with --accept-older-store");
}

Result<void> Membership::check_expected(const ClusterRecord& found) const {
  if (terms_.expected.id.empty() || terms_.expected.id == found.id()) return {};
  return fail(
      ErrorKind::conflict,
      "the cluster `" + terms_.cluster +
          "` in etcd was made anew, and this data-dir is of a member of the one before: stop "
          "all members and restore a backup of etcd; to join the new one, start once with "
          "--accept-older-store");
}

Task<Result<void>> Membership::find_cluster() {
  const std::string key = context_.keys.cluster();
  const bool makes = !terms_.expected.exists && terms_.expected.id.empty();
  ClusterRecord mine;
  mine.name = terms_.cluster;
  mine.secret = new_secret();
  mine.permit = terms_.permit;
  pb::TxnRequest txn;
  compare_created(txn, key, 0);
  if (makes) add_put(*txn.add_success(), key, mine.encode());
  add_range(*txn.add_failure(), key);
  const auto reply = co_await this->txn(txn);
  if (!reply) co_return std::unexpected(error_at_start(reply.error()));
  if (reply->succeeded() && !makes) co_return missing_cluster();
  context_.cluster = mine;
  if (reply->succeeded()) {
    context_.logger.info("store: there was no cluster under the prefix `" + context_.keys.prefix() +
                         "` in etcd: made the cluster `" + terms_.cluster + "`");
    co_return Result<void>();
  }
  const auto& found = reply->responses(0).response_range();
  if (found.kvs_size() == 0) co_return fail(ErrorKind::unavailable, "the cluster was removed");
  auto record = ClusterRecord::decode(found.kvs(0).value());
  if (!record) {
    co_return fail(record.error().kind, "the key `" + key + "` in etcd: " + record.error().message);
  }
  if (record->name != terms_.cluster) {
    co_return fail(ErrorKind::conflict, "the prefix `" + context_.keys.prefix() +
                                            "` in etcd belongs to the cluster `" + record->name +
                                            "`, not `" + terms_.cluster +
                                            "`: set another etcd-prefix, or cluster-name");
  }
  SLUICE_CO_CHECK(check_expected(*record));
  context_.cluster = std::move(*record);
  co_return Result<void>();
}

Task<Result<void>> Membership::confirm_cluster() {
  const pb::RangeRequest request = range_of(context_.keys.cluster());
  EtcdRetry retry(Clock::now() + kStepMax);
  const auto reply = co_await context_.kv.range(request, retry.options());
  if (!reply) co_return std::unexpected(error_of(reply.error()));
  const std::string cluster = "the cluster `" + context_.cluster.name + "`";
  if (reply->kvs_size() == 0) {
    co_return fail(ErrorKind::conflict, "the keys of " + cluster +
                                            " were removed from etcd: stop all members, restore a "
                                            "backup of etcd, and start them again");
  }
  const auto record = ClusterRecord::decode(reply->kvs(0).value());
  if (record && record->id() == context_.cluster.id()) co_return Result<void>();
  co_return fail(ErrorKind::conflict, cluster +
                                          " was made anew in etcd since this member joined it: "
                                          "stop all members, restore a backup of etcd, and start "
                                          "them again");
}

// Sends a transaction of the largest shape whose compares fail, so that it is refused now and not
// during a sale. It is far longer than what a sale writes, so it has time for a slow line.
Task<Result<void>> Membership::check_size() {
  pb::TxnRequest txn;
  compare_created(txn, context_.keys.cluster(), 0);
  Packs packs;
  const std::string value(kRunRequestBytesMax / kGroupOperationsMax - 80, 'x');
  for (std::size_t i = 0; i < kGroupOperationsMax; ++i) {
    packs.put(context_.keys.prefix() + "/never/" + std::to_string(i), value);
  }
  packs.move_to(txn);
  add_put(*txn.add_success(), context_.keys.prefix() + "/never", value);
  add_range(*txn.add_failure(), context_.keys.cluster());
  etcd::CallOptions options;
  options.deadline = Clock::now() + kSizeMax;
  const auto reply = co_await context_.kv.txn(txn, options);
  if (reply) co_return Result<void>();
  if (reply.error().status != etcd::Status::invalid_argument) {
    co_return std::unexpected(error_at_start(reply.error()));
  }
  co_return fail(ErrorKind::invalid, "etcd refuses transactions of " +
                                         std::to_string(kGroupOperationsMax) +
                                         " writes and 1.5 MiB: start it with --max-txn-ops=128 and "
                                         "--max-request-bytes=1572864 (its defaults) or more: " +
                                         reply.error().error.message);
}

// The same id with every copy: one that exists is ours.
Task<Result<void>> Membership::grant() {
  pb::LeaseGrantRequest request;
  request.set_id(random_lease());
  request.set_ttl(std::max<std::int64_t>(
      1, std::chrono::duration_cast<std::chrono::seconds>(terms_.lease).count()));
  ttl_ = terms_.lease;
  EtcdRetry retry(Clock::now() + kJoinMax);
  while (true) {
    const auto reply = co_await context_.kv.lease_grant(request, retry.options());
    if (reply || reply.error().status == etcd::Status::failed_precondition) {
      if (reply) ttl_ = std::chrono::seconds(reply->ttl());
      lease_ = request.id();
      co_return Result<void>();
    }
    if (!may_heal(reply.error()) || !retry.again()) {
      co_return std::unexpected(error_at_start(reply.error()));
    }
    co_await context_.loop().sleep_for(retry.pause());
  }
}

// The process stood still since the grant, or somebody has revoked the lease.
Task<Result<void>> Membership::grant_again(int lost) {
  lease_ = 0;
  const std::string what = "the lease of this member has ended in etcd before its first use";
  if (lost > kFirstLeasesMax) {
    co_return fail(ErrorKind::unavailable,
                   what + ", " + std::to_string(lost) +
                       " times: look whether this machine stands still, and who revokes leases");
  }
  context_.logger.warn("store: " + what + ": it asks for another one");
  co_return co_await grant();
}

Task<Result<bool>> Membership::register_name() {
  const std::string key = context_.keys.member(context_.me.name);
  pb::TxnRequest txn;
  compare_created(txn, key, 0);
  add_put(*txn.add_success(), key, context_.me.encode(), lease_);
  add_range(*txn.add_failure(), key);
  const auto reply = co_await this->txn(txn);
  if (!reply && reply.error().status == etcd::Status::not_found) {
    lease_ = 0;
    co_return false;
  }
  if (!reply) co_return std::unexpected(error_at_start(reply.error()));
  if (reply->succeeded()) co_return true;
  const auto& found = reply->responses(0).response_range();
  if (found.kvs_size() == 0) co_return false;
  const auto record = MemberRecord::decode(found.kvs(0).value());
  // An earlier copy of this transaction, on this lease.
  co_return record &&
      record->incarnation == context_.me.incarnation&& found.kvs(0).lease() == lease_;
}

// Of the process that has this one's name, for people.
Task<std::string> Membership::find_holder(TimePoint until) {
  const pb::RangeRequest request = range_of(context_.keys.member(context_.me.name));
  EtcdRetry retry(until);
  const auto found = co_await context_.kv.range(request, retry.options());
  const auto record = found ? member_in(*found) : std::nullopt;
  const std::string address = record ? record->address : std::string();
  co_return "a member `" + context_.me.name + "` of the cluster `" + terms_.cluster +
      "` is running" + (address.empty() ? "" : " at " + address);
}

Task<Result<void>> Membership::register_first() {
  const TimePoint end = Clock::now() + ttl_ + kNameGrace;
  std::string holder;
  for (int lost = 0;;) {
    SLUICE_CO_TRY(const bool mine, co_await register_name());
    if (mine) co_return Result<void>();
    bool alive = lease_ != 0;
    if (alive) alive = co_await renew();
    if (!alive) {
      ++lost;
      SLUICE_CO_CHECK(co_await grant_again(lost));
      continue;
    }
    if (holder.empty()) {
      holder = co_await find_holder(end);
      context_.logger.info("store: " + holder + ": this start waits for " +
                           format_duration(ttl_ + kNameGrace) + ", in case that one has ended");
    }
    if (Clock::now() > end) break;
    co_await context_.loop().sleep_for(kNamePause);
  }
  co_return fail(ErrorKind::conflict, holder + ": give this process another name");
}

Task<bool> Membership::renew() {
  etcd::CallOptions options;
  options.deadline = Clock::now() + std::min<Duration>(kAttemptMax, ttl_ / 3);
  const auto reply = co_await context_.kv.lease_keep_alive(lease_, options);
  if (reply) co_return reply->ttl() > 0;
  co_return reply.error().status != etcd::Status::not_found;
}

// Without a lease, the process owns nothing. It joins again when etcd answers.
Task<void> Membership::keep_alive() {
  while (true) {
    co_await context_.loop().sleep_for(ttl_ / 4);
    const bool alive = co_await renew();
    if (alive) continue;
    lease_ = 0;
    trouble_ = "the lease of this member has ended in etcd";
    context_.logger.warn("store: " + trouble_ + ": it joins again");
    while (lease_ == 0) {
      co_await join_again();
    }
    trouble_.clear();
  }
}

Task<void> Membership::join_again() {
  if (auto same = co_await confirm_cluster(); !same) {
    if (same.error().kind == ErrorKind::conflict) trouble_ = std::move(same.error().message);
    co_return co_await context_.loop().sleep_for(kAttemptMax);
  }
  const auto granted = co_await grant();
  auto registered = Result<bool>(false);
  if (granted) registered = co_await register_name();
  if (registered && *registered) {
    complains_from_ = TimePoint();
    co_return;
  }
  const bool in_use = granted && registered && lease_ != 0;
  lease_ = 0;
  if (in_use) {
    trouble_ = "another process has the name `" + context_.me.name +
               "` in the cluster: this one owns nothing until that one ends";
    if (Clock::now() >= complains_from_) {
      complains_from_ = Clock::now() + kComplaintPeriod;
      context_.logger.error("store: " + trouble_);
    }
  }
  co_await context_.loop().sleep_for(kAttemptMax);
}

Task<Result<void>> Membership::purge(std::string name) {
  const pb::RangeRequest request = range_of(context_.keys.member(name));
  EtcdRetry retry(Clock::now() + kReadMax);
  const auto found = co_await context_.kv.range(request, retry.options());
  if (!found) co_return std::unexpected(error_of(found.error()));
  if (found->kvs_size() == 0) {
    co_return fail(ErrorKind::not_found, "there is no member `" + name + "` in the cluster");
  }
  while (true) {
    const auto reply = co_await context_.kv.lease_revoke(found->kvs(0).lease(), retry.options());
    if (reply || reply.error().status == etcd::Status::not_found) co_return Result<void>();
    if (!retry.again()) co_return std::unexpected(error_of(reply.error()));
    co_await context_.loop().sleep_for(retry.pause());
  }
}

Task<void> Membership::leave() {
  keeping_.reset();
  if (lease_ == 0) co_return;
  etcd::CallOptions options;
  options.deadline = Clock::now() + kReleaseMax;
  (void)co_await context_.kv.lease_revoke(std::exchange(lease_, 0), options);
}

std::size_t Membership::rank_of(std::string_view me, const std::vector<std::string>& members,
                                std::string_view ns) {
  const auto weight = [&](std::string_view name) {
    return sha256_hex(std::string(name) + '\n' + std::string(ns));
  };
  const std::string mine = weight(me);
  return static_cast<std::size_t>(std::ranges::count_if(
      members, [&](const std::string& name) { return name != me && weight(name) < mine; }));
}

std::vector<std::string> Membership::takers(const pb::RangeResponse& members,
                                            const pb::RangeResponse& released) {
  std::vector<std::string> keys;
  for (const auto& kv : members.kvs()) {
    const auto record = MemberRecord::decode(kv.value());
    const bool has_released =
        record && released.kvs_size() == 1 && released.kvs(0).value() == record->incarnation.text();
    if (!has_released) keys.push_back(kv.key());
  }
  return keys;
}

Task<Result<std::size_t>> Membership::rank(std::string_view ns, bool follows) {
  pb::TxnRequest txn;
  *txn.add_success()->mutable_request_range() = range_of_prefix(context_.keys.members());
  add_range(*txn.add_success(), context_.keys.released(ns));
  add_range(*txn.add_success(), context_.keys.seq(ns));
  etcd::CallOptions options;
  options.deadline = Clock::now() + kAttemptMax;
  const auto reply = co_await context_.kv.txn(txn, options);
  if (!reply) co_return std::unexpected(error_of(reply.error()));
  const auto& members = reply->responses(0).response_range();
  const auto& released = reply->responses(1).response_range();
  const std::vector<std::string> all = takers(members, released);
  const std::size_t rank = rank_of(context_.keys.member(context_.me.name), all, ns);
  const bool is_new = reply->responses(2).response_range().kvs_size() == 0;
  const bool others_follow = all.size() > 1 && !is_new;  // most likely
  co_return follows || !others_follow ? rank : rank + all.size();
}

}  // namespace sluice::store
