// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/reach.h"

#include <algorithm>
#include <utility>

#include "store/etcd/requests.h"

namespace sluice::store {
namespace {

constexpr const char* kUnreached = "unreached/";  // and the incarnation
constexpr Duration kReachPeriod = std::chrono::milliseconds(500);
// One question. On a slow line, the connection that it needs takes longer than the period.
constexpr Duration kSignOfLifeMax = std::chrono::milliseconds(1500);
// A member that has failed to answer for so long, and at so many looks, is out of reach. With the
// period, that is 2 s after its last answer. One late look, as after a pause of this process,
// proves nothing.
constexpr Duration kUnreachedAfter = std::chrono::milliseconds(1500);
constexpr int kFailuresMin = 3;

}  // namespace

Reach::Reach(EtcdContext& context, Notes& notes, const ReachMember& reach,
             std::function<void()> on_unreached)
    : context_(context), notes_(notes), reach_(reach), on_unreached_(std::move(on_unreached)) {}

void Reach::start() {
  if (!reach_) return;
  working_ = work();
  working_.start();
}

void Reach::stop() {
  working_.reset();
  peers_.clear();
}

Task<void> Reach::work() {
  while (true) {
    const bool fresh = co_await read();
    if (fresh) follow_members();
    ask_all();
    complain();
    if (fresh) judge();
    co_await context_.loop().sleep_for(kReachPeriod);
  }
}

Task<bool> Reach::read() {
  const pb::RangeRequest members = range_of_prefix(context_.keys.members());
  const pb::RangeRequest notes = range_of_prefix(context_.keys.notes(kUnreached));
  const EtcdRetry retry(Clock::now() + kAttemptMax);
  const auto all = co_await context_.kv.range(members, retry.options());
  if (!all) co_return false;
  const auto said = co_await context_.kv.range(notes, retry.options());
  if (!said) co_return false;
  Complaints known;
  std::map<std::string, RandomId> names;
  for (const auto& kv : all->kvs()) {
    auto record = MemberRecord::decode(kv.value());
    if (!record) continue;
    names[record->name] = record->incarnation;
    known.members.push_back(*std::move(record));
  }
  for (const auto& kv : said->kvs()) {
    const auto note = context_.keys.note_of(kv.key());
    if (!note || !note->key.starts_with(kUnreached)) continue;
    const auto about = RandomId::parse(note->key.substr(std::string_view(kUnreached).size()));
    const auto by = names.find(note->member);
    if (about && by != names.end()) known.complaints.emplace(by->second, *about);
  }
  tell_changes(known.members);
  known_ = std::move(known);
  co_return true;
}

// A member that restarts has its name again at once, or soon.
void Reach::tell_changes(const std::vector<MemberRecord>& now) const {
  const auto has = [](const std::vector<MemberRecord>& members, const std::string& name) {
    return std::ranges::find(members, name, &MemberRecord::name) != members.end();
  };
  for (const MemberRecord& before : known_.members) {
    if (has(now, before.name) || before.name == context_.me.name) continue;
    context_.logger.warn("store: member " + before.name +
                         " has gone: it has stopped, or its lease has ended");
  }
  for (const MemberRecord& member : now) {
    const bool is_new = !known_.members.empty() && !has(known_.members, member.name);
    if (!is_new || member.name == context_.me.name) continue;
    context_.logger.info("store: member " + member.name + " has joined");
  }
}

void Reach::follow_members() {
  std::set<RandomId> there;
  for (const MemberRecord& member : known_.members) {
    if (member.incarnation == context_.me.incarnation || member.address.empty()) continue;
    there.insert(member.incarnation);
    peers_[member.incarnation].address = member.address;
  }
  for (auto peer = peers_.begin(); peer != peers_.end();) {
    if (there.contains(peer->first)) {
      ++peer;
      continue;
    }
    notes_.set(kUnreached + peer->first.text(), std::nullopt);
    peer = peers_.erase(peer);
  }
}

void Reach::ask_all() {
  for (auto& [incarnation, peer] : peers_) {
    if (peer.asking.valid() && !peer.asking.done()) {
      note_failure(peer);  // no answer for a period
      continue;
    }
    peer.asking = ask(peer);
    peer.asking.start();
  }
}

Task<void> Reach::ask(Peer& peer) {
  const bool answers = co_await reach_(context_.core, peer.address, Clock::now() + kSignOfLifeMax);
  if (answers) {
    peer.failures = 0;
  } else {
    note_failure(peer);
  }
}

void Reach::note_failure(Peer& peer) {
  if (peer.failures++ == 0) peer.failing_since = Clock::now();
}

void Reach::complain() {
  for (const auto& [incarnation, peer] : peers_) {
    const bool out_of_reach =
        peer.failures >= kFailuresMin && Clock::now() - peer.failing_since >= kUnreachedAfter;
    notes_.set(kUnreached + incarnation.text(),
               out_of_reach ? std::optional<std::string>(peer.address) : std::nullopt);
  }
}

// What this process owns goes elsewhere only if that helps. Otherwise members that are all cut off
// from each other would pass it round.
bool Reach::is_better_elsewhere(const RandomId& me, const Complaints& all) {
  const auto is_unreached = [&](const MemberRecord& member) {
    return std::ranges::all_of(all.members, [&](const MemberRecord& other) {
      return other.incarnation == member.incarnation ||
             all.complaints.contains({other.incarnation, member.incarnation});
    });
  };
  const auto own = std::ranges::find(all.members, me, &MemberRecord::incarnation);
  if (own == all.members.end() || all.members.size() < 2 || !is_unreached(*own)) return false;
  return std::ranges::any_of(all.members, [&](const MemberRecord& other) {
    return !other.address.empty() && !is_unreached(other);
  });
}

// A restart of the process would not help, so this is no trouble of its health.
void Reach::judge() {
  const bool better = is_better_elsewhere(context_.me.incarnation, known_);
  if (better && !unreached_) {
    context_.logger.error("store: no other member reaches the cluster port of this one at " +
                          context_.me.address + ": what it owns goes to the others");
  } else if (!better && unreached_) {
    context_.logger.info("store: other members reach this one again");
  }
  unreached_ = better;
  if (better) on_unreached_();
}

}  // namespace sluice::store
