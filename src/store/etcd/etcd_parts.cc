// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/etcd_parts.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "loop/join.h"
#include "store/engine.h"
#include "store/etcd/requests.h"

namespace sluice::store {
namespace {

constexpr Duration kMemberTtlMin = std::chrono::seconds(1);
// An owner that nobody reaches leaves a namespace to the others for so long, and gives up again
// what it has taken after so long.
constexpr Duration kUnreachedRest = std::chrono::seconds(5);
constexpr Duration kKeepMin = std::chrono::seconds(10);
constexpr Duration kKeepMax = std::chrono::minutes(5);
constexpr Duration kLookPause = std::chrono::seconds(1);

std::unexpected<Error> this_server_stops() {
  return fail(ErrorKind::unavailable, "this server stops");
}

// What `work` returns becomes `result`, which keeps its value if the work is destroyed before.
template <class T>
Task<void> result_of(Task<T> work, T& result) {
  result = co_await std::move(work);
}

}  // namespace

EtcdParts::EtcdParts(const loop::Core& core, const Keys& keys, std::unique_ptr<Kv> client,
                     Terms terms)
    : kv(core.loop, std::move(client), [this] { on_other_cluster(); }),
      context{.core = core,
              .kv = kv,
              .keys = keys,
              .me = {.name = terms.etcd.member,
                     .incarnation = RandomId::make(),
                     .address = terms.etcd.address,
                     .version = terms.etcd.version,
                     .zone = terms.etcd.zone},
              .logger = terms.logger,
              .ring = std::move(terms.ring),
              .small_bulk_max = terms.small_bulk_max,
              .page_keys_max = terms.page_keys_max,
              .open_max = terms.etcd.owner_wait,
              .copy_time = kv.copy_time(),
              .patience = terms.patience},
      membership(context, {.cluster = terms.etcd.cluster,
                           .permit = terms.etcd.read_permit,
                           .lease = std::max(terms.etcd.member_ttl, kMemberTtlMin),
                           .expected = terms.etcd.expected,
                           .endpoints = terms.etcd.endpoints.size(),
                           .given_up = terms.etcd.given_up}),
      notes(context, membership),
      moves(context,
            [this](const std::string& ns, const std::string& member) { on_move(ns, member); }),
      documents(context),
      ends(core.loop),
      ask_owner(terms.etcd.ask_owner),
      reach_member(std::move(terms.etcd.reach_member)),
      on_written(std::move(terms.on_written)),
      reach(context, notes, reach_member, [this] { on_unreached(); }) {}

Task<Result<void>> EtcdParts::join() {
  SLUICE_CO_CHECK(co_await membership.join());
  notes.start();
  moves.start();
  reach.start();
  looking = look();
  looking.start();
  co_return Result<void>();
}

void EtcdParts::on_move(const std::string& ns, const std::string& member) {
  const auto found = claims.find(ns);
  if (found == claims.end()) return;
  const auto place = place_of(member);
  if (place == NamespaceClaim::Place::elsewhere && !resigned)
    note_given_up(*found->second, ns, "it moves to member " + member);
  found->second->move(place);
}

void EtcdParts::note_given_up(const NamespaceClaim& claim, const std::string& ns,
                              const std::string& cause) const {
  if (!claim.owns()) return;
  context.logger.info("store: this member gives up the shared data of " + ns + ": " + cause);
}

// If nobody else takes a namespace, this process takes it again, and keeps it longer.
void EtcdParts::on_unreached() {
  const TimePoint now = Clock::now();
  if (now < gives_up_from) return;
  bool gave = false;
  for (const auto& [ns, claim] : claims) {
    if (!claim->owns()) continue;
    claim->retire(kUnreachedRest);
    gave = true;
  }
  if (!gave) return;
  const bool lately = now < gives_up_from + kKeepMax;
  gives_up_after = std::clamp(lately ? gives_up_after * 2 : kKeepMin, kKeepMin, kKeepMax);
  gives_up_from = now + gives_up_after;
}

void EtcdParts::resign() {
  resigned = true;
  ends.notify_all();
  for (const auto& [ns, claim] : claims) {
    note_given_up(*claim, ns, "this server stops");
    claim->move(NamespaceClaim::Place::elsewhere);
  }
}

NamespaceClaim::Place EtcdParts::place_of(const std::string& member) const {
  if (resigned) return NamespaceClaim::Place::elsewhere;
  if (member.empty()) return NamespaceClaim::Place::anywhere;
  return member == context.me.name ? NamespaceClaim::Place::here : NamespaceClaim::Place::elsewhere;
}

NamespaceClaim& EtcdParts::claim(const std::string& ns, const std::shared_ptr<Outlook>& outlook) {
  auto& claim = claims[ns];
  if (!claim) {
    Sight& sight = sights[ns];
    sight.observer = std::make_unique<Observer>(context, ns, outlook);
    sight.questioner =
        std::make_shared<Questioner>(context, ns, outlook, *sight.observer, ask_owner);
    sight.questioner->start();
    claim = std::make_unique<NamespaceClaim>(context, membership, ns, outlook, *sight.observer);
    claim->move(place_of(moves.target_of(ns)));
    claim->start();
  }
  return *claim;
}

std::shared_ptr<Tenure> EtcdParts::tenure(std::string_view ns) const {
  const auto found = claims.find(ns);
  return found == claims.end() ? nullptr : found->second->tenure();
}

void EtcdParts::begin_write(Batch& batch) {
  auto its = tenure(batch.ns);
  if (!its || its->fence() != batch.fence) {
    batch.lost = true;
    return on_written({&batch, {}});
  }
  its->set_writing(true);
  Task<void>& writing = writings[std::string(batch.ns)];
  writing = write(batch, std::move(its));
  writing.start();
}

Task<void> EtcdParts::write(Batch& batch, std::shared_ptr<Tenure> its) {
  auto outcome = co_await its->write(batch);
  on_written({&batch, std::move(outcome)});
}

// Only now the end of an ownership may become news: the journal knows what was durable before.
void EtcdParts::note_taken(std::span<const Told> all) {
  for (const Told& told : all) {
    const auto its = tenure(told.ns);
    if (!its || its->fence() != told.fence) continue;
    its->set_writing(false);
    if (told.version) its->note_told(*told.version);
    if (its->is_ending()) context.ring();
  }
}

Task<Result<bool>> EtcdParts::stage(std::string_view ns, Bulk& bulk) {
  const auto its = tenure(ns);
  if (!its) co_return lost();
  auto staged = Result<bool>(this_server_stops());
  loop::Unless staging(result_of(its->stage(bulk), staged), [this] { return until_steps_end(); });
  const bool done = co_await staging;
  if (!done && !reads_ended) staged = lost();
  if (its->is_ending()) context.ring();
  co_return staged;
}

Task<Result<bool>> EtcdParts::finish_some() {
  for (const auto& [ns, claim] : claims) {
    const auto its = claim->tenure();
    if (!its || its->is_writing()) continue;
    auto cleared = Result<bool>(false);
    loop::Unless clearing(result_of(its->clear_some(), cleared),
                          [this] { return until_steps_end(); });
    (void)co_await clearing;
    if (!cleared || *cleared) co_return cleared;
  }
  co_return false;
}

Result<void> EtcdParts::check() const {
  if (membership.trouble().empty()) return looked;
  return fail(ErrorKind::unavailable, membership.trouble());
}

Task<void> EtcdParts::look() {
  while (true) {
    looked = co_await look_once();
    co_await context.loop().sleep_for(kLookPause);
  }
}

Task<Result<void>> EtcdParts::look_once() {
  SLUICE_CO_CHECK(co_await membership.confirm_cluster());
  co_return co_await look_for_alarms();
}

// An owner notices by its writes that etcd takes none. The other members learn it here.
Task<Result<void>> EtcdParts::look_for_alarms() {
  const EtcdRetry retry(Clock::now() + kStepMax);
  const auto status = co_await kv.status(retry.options());
  if (!status) co_return Result<void>();  // etcd has just answered a read
  for (const std::string& error : status->errors()) {
    if (!error.contains("NOSPACE")) continue;
    co_return fail(ErrorKind::unavailable,
                   "etcd takes no writes, because its database is full (alarm NOSPACE): compact "
                   "and defragment etcd, then disarm its alarm (etcdctl alarm disarm)");
  }
  co_return Result<void>();
}

void EtcdParts::on_other_cluster() {
  context.logger.error(
      "store: etcd is another cluster than before, perhaps restored from a "
      "backup: everything is read anew");
  for (const auto& [ns, claim] : claims) claim->forget();
  for (const auto& [ns, sight] : sights) sight.observer->forget();
  documents.forget();
}

Task<void> EtcdParts::leave() {
  looking.reset();
  reach.stop();
  writings.clear();  // the claims go on with what is open
  for (const auto& [ns, sight] : sights) sight.questioner->stop();
  sights.clear();
  const TimePoint deadline = Clock::now() + kReleaseMax;
  std::vector<Task<void>> works;
  for (const auto& [ns, claim] : claims) {
    works.push_back(claim->release(deadline));
    works.back().start();
  }
  for (auto& work : works) co_await loop::Join(work);
  notes.stop();
  moves.stop();
  co_await membership.leave();
}

Task<etcd::CallReply<pb::RangeResponse>> EtcdParts::range(const pb::RangeRequest& request,
                                                          etcd::CallOptions options) {
  etcd::CallReply<pb::RangeResponse> reply = std::unexpected(
      etcd::CallFailure{.status = etcd::Status::cancelled, .error = this_server_stops().error()});
  loop::Unless reading(result_of(kv.range(request, options), reply),
                       [this] { return until_reads_end(); });
  (void)co_await reading;
  co_return reply;
}

Task<bool> EtcdParts::until_reads_end() {
  while (!reads_ended) {
    (void)co_await ends.wait();
  }
  co_return true;
}

Task<bool> EtcdParts::until_steps_end() {
  while (!reads_ended && !resigned) {
    (void)co_await ends.wait();
  }
  co_return true;
}

void EtcdParts::end_reads() {
  reads_ended = true;
  ends.notify_all();
}

}  // namespace sluice::store
