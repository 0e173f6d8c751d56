// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/etcd_medium.h"

#include <algorithm>
#include <utility>

#include "loop/join.h"
#include "store/chain_store.h"
#include "store/engine.h"
#include "store/etcd/client_kv.h"
#include "store/etcd/etcd_medium_parts.h"

namespace sluice::store {
namespace {

constexpr Duration kAcquireMax = std::chrono::seconds(5);
constexpr Duration kMemberTtlMin = std::chrono::seconds(1);

// Every run fits: the keys in etcd are longer than the keys of the entries.
constexpr std::size_t kRunWritesMax = 2000;
constexpr std::size_t kRunBytesMax = 1'000'000;
constexpr std::size_t kValueBytesMax = 983'040;
static_assert(kRunBytesMax + kRunWritesMax * (Keys::kOverheadMax + kOperationBytes) <=
              kRunRequestBytesMax);
static_assert(kRunWritesMax <= kGroupOperationsMax);

Result<std::unique_ptr<etcd::Client>> make_client(const loop::Core& core,
                                                  const EtcdOptions& options) {
  etcd::Options its;
  its.endpoints = options.endpoints;
  its.user = options.user;
  its.password = options.password;
  const bool secure = std::ranges::any_of(options.endpoints, [](const std::string& endpoint) {
    return endpoint.starts_with("https://");
  });
  if (secure || !options.authorities.empty() || !options.certificate.empty()) {
    SLUICE_TRY(its.tls, etcd::make_tls(options.authorities, options.certificate, options.key));
  }
  return etcd::Client::make(core, std::move(its));
}

}  // namespace

EtcdMedium::Parts::Parts(EtcdMedium& medium, const Keys& keys, std::unique_ptr<Kv> client)
    : kv(medium.thread_.loop(), std::move(client), [this] { on_other_cluster(); }),
      context{.core = medium.thread_.core(),
              .kv = kv,
              .keys = keys,
              .me = {.name = medium.options_.etcd.member,
                     .incarnation = RandomId::make(),
                     .address = medium.options_.etcd.address,
                     .version = "",
                     .zone = medium.options_.etcd.zone},
              .logger = medium.options_.logger,
              .ring =
                  [&medium] {
                    medium.has_news_.store(true, std::memory_order_release);
                    if (medium.ring_) medium.ring_();
                  },
              .small_bulk_max = medium.options_.small_bulk_max,
              .page_keys_max = medium.options_.page_keys_max},
      membership(context, {.cluster = medium.options_.etcd.cluster,
                           .permit = medium.options_.etcd.read_permit,
                           .lease = std::max(medium.options_.etcd.member_ttl, kMemberTtlMin)}),
      documents(context) {}

Claim& EtcdMedium::Parts::claim(const std::string& ns) {
  auto& claim = claims[ns];
  if (!claim) {
    claim = std::make_unique<Claim>(context, membership, ns);
    claim->start();
  }
  return *claim;
}

std::shared_ptr<Tenure> EtcdMedium::Parts::tenure(std::string_view ns) const {
  const auto found = claims.find(ns);
  return found == claims.end() ? nullptr : found->second->tenure();
}

// All namespaces at the same time.
Task<Result<void>> EtcdMedium::Parts::write(std::span<Batch> group) {
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

Task<Result<void>> EtcdMedium::Parts::write_one(Batch& batch) {
  const auto its = tenure(batch.ns);
  if (!its || its->fence() != batch.fence) {
    batch.lost = true;
    co_return Result<void>();
  }
  co_return co_await its->write(batch);
}

Task<Result<bool>> EtcdMedium::Parts::stage(std::string_view ns, Bulk& bulk) {
  const auto its = tenure(ns);
  if (!its) co_return lost();
  const auto staged = co_await its->stage(bulk);
  if (its->is_ending()) context.ring();
  co_return staged;
}

Task<Result<bool>> EtcdMedium::Parts::finish_some() {
  for (const auto& [ns, claim] : claims) {
    const auto its = claim->tenure();
    if (!its) continue;
    SLUICE_CO_TRY(const bool more, co_await its->clear_some());
    if (more) co_return true;
  }
  co_return false;
}

Task<Result<void>> EtcdMedium::Parts::check() {
  pb::RangeRequest request;
  request.set_key(context.keys.cluster());
  Retry retry(Clock::now() + kWriteMax);
  const auto reply = co_await kv.range(request, retry.options());
  if (!reply) co_return std::unexpected(error_of(reply.error()));
  if (reply->kvs_size() == 1) co_return Result<void>();
  co_return fail(ErrorKind::internal, "the keys of the cluster `" + context.cluster.name +
                                          "` were removed from etcd: restore a backup of etcd, "
                                          "and start the members again");
}

void EtcdMedium::Parts::on_other_cluster() {
  context.logger.error(
      "store: etcd is another cluster than before, perhaps restored from a "
      "backup: everything is read anew");
  for (const auto& [ns, claim] : claims) claim->forget();
  documents.forget();
}

Task<void> EtcdMedium::Parts::leave() {
  const TimePoint deadline = Clock::now() + kReleaseMax;
  std::vector<Task<void>> works;
  for (const auto& [ns, claim] : claims) {
    works.push_back(claim->release(deadline));
    works.back().start();
  }
  for (auto& work : works) co_await loop::Join(work);
  co_await membership.leave();
}

EtcdMedium::EtcdMedium(Options options) : options_(std::move(options)) {}

Result<std::unique_ptr<EtcdMedium>> EtcdMedium::open(Options options) {
  SLUICE_TRY(Keys keys, Keys::make(options.etcd.prefix));
  if (options.etcd.member.empty() || options.etcd.cluster.empty()) {
    return fail(ErrorKind::invalid, "a member of a cluster has a name, and the cluster has one");
  }
  std::unique_ptr<EtcdMedium> medium(new EtcdMedium(std::move(options)));
  SLUICE_CHECK(medium->start(std::move(keys)));
  return medium;
}

Result<void> EtcdMedium::start(Keys keys) {
  keys_ = std::make_unique<Keys>(std::move(keys));
  SLUICE_CHECK(thread_.run([this]() -> Result<void> {
    SLUICE_TRY(auto client, make_client(thread_.core(), options_.etcd));
    std::unique_ptr<Kv> kv = std::make_unique<ClientKv>(std::move(client));
    if (options_.wrap) kv = options_.wrap(thread_.core(), std::move(kv));
    parts_ = std::make_unique<Parts>(*this, *keys_, std::move(kv));
    return {};
  }));
  return thread_.await([this] { return parts_->membership.join(); });
}

EtcdMedium::~EtcdMedium() {
  if (parts_ == nullptr) return;
  thread_.await([this] { return parts_->leave(); });
  thread_.run([this] { parts_.reset(); });
}

Limits EtcdMedium::limit(Limits limits) {
  limits.value_bytes_max = std::min(limits.value_bytes_max, kValueBytesMax);
  limits.writes_per_transaction_max = std::min(limits.writes_per_transaction_max, kRunWritesMax);
  limits.bytes_per_transaction_max = std::min(limits.bytes_per_transaction_max, kRunBytesMax);
  limits.bulk_entries_min = std::min(limits.bulk_entries_min, kRunWritesMax);
  return limits;
}

void EtcdMedium::on_news(std::function<void()> ring) {
  thread_.run([&] { ring_ = std::move(ring); });
}

// The journal asks before every group, and there is nearly never anything.
std::vector<Medium::News> EtcdMedium::take_news() {
  if (!has_news_.exchange(false, std::memory_order_acq_rel)) return {};
  return thread_.run([this] {
    std::vector<News> news;
    for (const auto& [ns, claim] : parts_->claims) claim->collect_news(news);
    return news;
  });
}

Result<std::optional<Fence>> EtcdMedium::acquire(const std::string& ns) {
  SLUICE_CHECK(Keys::check(ns));
  return thread_.await([&] { return parts_->claim(ns).first(Clock::now() + kAcquireMax); });
}

void EtcdMedium::retire(const std::string& ns) {
  thread_.run([&] {
    const auto found = parts_->claims.find(ns);
    if (found != parts_->claims.end()) found->second->retire();
  });
}

bool EtcdMedium::feed(DocumentLog& log) {
  thread_.run([&] { parts_->documents.feed(log); });
  return true;
}

Result<void> EtcdMedium::write(std::span<Batch> group) {
  return thread_.await([&] { return parts_->write(group); });
}

Result<void> EtcdMedium::check() {
  return thread_.await([this] { return parts_->check(); });
}

Result<bool> EtcdMedium::stage(std::string_view ns, Bulk& bulk) {
  return thread_.await([&] { return parts_->stage(ns, bulk); });
}

void EtcdMedium::drop_staged(const Bulk& bulk) {
  thread_.run([&] {
    for (const auto& [ns, claim] : parts_->claims) {
      if (claim->tenure()) claim->tenure()->drop(bulk);
    }
  });
}

Result<bool> EtcdMedium::finish_some() {
  return thread_.await([this] { return parts_->finish_some(); });
}

Result<Documents> EtcdMedium::documents(std::string_view collection) {
  return thread_.await([&] { return parts_->documents.read(std::string(collection)); });
}

std::expected<Version, DocumentFailure> EtcdMedium::change_documents(
    std::span<const DocumentChange> changes) {
  return thread_.await([&] { return parts_->documents.change(changes); });
}

Result<std::unique_ptr<Store>> open_etcd_store(EtcdOptions options, unsigned core_count,
                                               Logger logger, Limits limits) {
  EtcdMedium::Options its;
  its.etcd = std::move(options);
  its.logger = logger;
  SLUICE_TRY(auto medium, EtcdMedium::open(std::move(its)));
  return std::make_unique<ChainStore>(std::move(medium), core_count, std::move(logger),
                                      EtcdMedium::limit(limits));
}

}  // namespace sluice::store
