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
              .page_keys_max = terms.page_keys_max},
      membership(context, {.cluster = terms.etcd.cluster,
                           .permit = terms.etcd.read_permit,
                           .lease = std::max(terms.etcd.member_ttl, kMemberTtlMin)}),
      notes(context, membership),
      moves(context,
            [this](const std::string& ns, const std::string& member) { on_move(ns, member); }),
      documents(context),
      ask_owner(terms.etcd.ask_owner) {}

Task<Result<void>> EtcdParts::join() {
  SLUICE_CO_CHECK(co_await membership.join());
  notes.start();
  moves.start();
  co_return Result<void>();
}

void EtcdParts::on_move(const std::string& ns, const std::string& member) {
  const auto found = claims.find(ns);
  if (found == claims.end()) return;
  found->second->move(place_of(member));
}

void EtcdParts::resign() {
  resigned = true;
  for (const auto& [ns, claim] : claims) claim->move(NamespaceClaim::Place::elsewhere);
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
    claim = std::make_unique<NamespaceClaim>(context, membership, ns, outlook);
    claim->move(place_of(moves.target_of(ns)));
    claim->start();
  }
  return *claim;
}

std::shared_ptr<Tenure> EtcdParts::tenure(std::string_view ns) const {
  const auto found = claims.find(ns);
  return found == claims.end() ? nullptr : found->second->tenure();
}

// All namespaces at the same time.
Task<Result<void>> EtcdParts::write(std::span<Batch> group) {
  std::vector<Task<Result<void>>> works;
  for (Batch& batch : group) {
    works.push_back(write_one(batch));
    works.back().start();
  }
  Result<void> written;
  for (auto& work : works) {
    co_await loop::Join(work);
    auto outcome = work.take();
    if (!outcome) written = std::move(outcome);
  }
  for (const Batch& batch : group) {
    if (batch.lost) context.ring();
    const auto its = tenure(batch.ns);
    if (written && !batch.lost && its) its->note_told(batch.version);
  }
  co_return written;
}

Task<Result<void>> EtcdParts::write_one(Batch& batch) {
  const auto its = tenure(batch.ns);
  if (!its || its->fence() != batch.fence) {
    batch.lost = true;
    co_return Result<void>();
  }
  co_return co_await its->write(batch);
}

Task<Result<bool>> EtcdParts::stage(std::string_view ns, Bulk& bulk) {
  const auto its = tenure(ns);
  if (!its) co_return lost();
  const auto staged = co_await its->stage(bulk);
  if (its->is_ending()) context.ring();
  co_return staged;
}

Task<Result<bool>> EtcdParts::finish_some() {
  for (const auto& [ns, claim] : claims) {
    const auto its = claim->tenure();
    if (!its) continue;
    SLUICE_CO_TRY(const bool more, co_await its->clear_some());
    if (more) co_return true;
  }
  co_return false;
}

Task<Result<void>> EtcdParts::check() {
  if (!membership.trouble().empty()) {
    co_return fail(ErrorKind::unavailable, membership.trouble());
  }
  pb::RangeRequest request;
  request.set_key(context.keys.cluster());
  EtcdRetry retry(Clock::now() + kWriteMax);
  const auto reply = co_await kv.range(request, retry.options());
  if (!reply) co_return std::unexpected(error_of(reply.error()));
  if (reply->kvs_size() == 1) co_return Result<void>();
  co_return fail(ErrorKind::internal, "the keys of the cluster `" + context.cluster.name +
                                          "` were removed from etcd: restore a backup of etcd, "
                                          "and start the members again");
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

Task<Result<pb::RangeResponse>> EtcdParts::range(const pb::RangeRequest& request) {
  etcd::CallOptions options;
  options.deadline = Clock::now() + kReadMax;
  auto reply = co_await kv.range(request, options);
  if (!reply) co_return std::unexpected(error_of(reply.error()));
  co_return std::move(*reply);
}

}  // namespace sluice::store
