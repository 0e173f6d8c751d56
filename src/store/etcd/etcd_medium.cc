// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/etcd_medium.h"

#include <algorithm>
#include <utility>

#include "store/chain_store.h"
#include "store/etcd/client_kv.h"
#include "store/etcd/etcd_parts.h"
#include "store/etcd/try_etcd.h"

namespace sluice::store {
namespace {

constexpr Duration kAcquireMax = std::chrono::seconds(5);
constexpr Duration kFinishPeriod = std::chrono::milliseconds(100);
// A group costs etcd about 0.3 ms and one sync of its disk, and each commit in it some
// microseconds.
constexpr Duration kGathering = std::chrono::microseconds(500);

// Every run fits: the keys in etcd are longer than the keys of the entries.
constexpr std::size_t kRunWritesMax = 2000;
constexpr std::size_t kRunBytesMax = 1'000'000;
constexpr std::size_t kValueBytesMax = 983'040;
static_assert(kRunBytesMax + kRunWritesMax * (Keys::kOverheadMax + kOperationBytes) <=
              kRunRequestBytesMax);
static_assert(kRunWritesMax <= kGroupOperationsMax);

}  // namespace

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
    SLUICE_TRY(auto client, make_etcd_client(thread_.core(), options_.etcd));
    client_ = client.get();
    std::unique_ptr<Kv> kv = std::make_unique<ClientKv>(std::move(client));
    if (options_.wrap) kv = options_.wrap(thread_.core(), std::move(kv));
    parts_ = std::make_unique<EtcdParts>(
        thread_.core(), *keys_, std::move(kv),
        EtcdParts::Terms{
            .etcd = options_.etcd,
            .small_bulk_max = options_.small_bulk_max,
            .page_keys_max = options_.page_keys_max,
            .patience = options_.patience,
            .logger = options_.logger,
            .ring = [this] { ring(); },
            .on_written = [this](Written written) { note_written(std::move(written)); }});
    return {};
  }));
  reads_ = std::make_unique<PagedReads>(thread_, *parts_, options_.page_keys_max);
  SLUICE_CHECK(thread_.await([this] { return parts_->join(); }));
  if (options_.etcd.on_joined)
    options_.etcd.on_joined(thread_.run([this] { return parts_->context.cluster.id(); }));
  if (thread_.run([this] { return client_->ignores_user(); })) {
    options_.logger.warn(
        "store: etcd-user is given, and etcd has its authentication off: anybody who reaches etcd "
        "can write it (etcdctl auth enable)");
  }
  word_max_ = thread_.run([this] { return parts_->context.older_permit_max(); });
  return {};
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

Duration EtcdMedium::gathering() const { return kGathering; }

void EtcdMedium::ring() {
  has_news_.store(true, std::memory_order_release);
  if (ring_) ring_();
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

Result<std::optional<Fence>> EtcdMedium::acquire(const std::string& ns,
                                                 const std::shared_ptr<Outlook>& outlook) {
  SLUICE_CHECK(Keys::check(ns));
  return thread_.await(
      [&] { return parts_->claim(ns, outlook).first(Clock::now() + kAcquireMax); });
}

RandomId EtcdMedium::incarnation() const { return parts_->context.me.incarnation; }

void EtcdMedium::attend(Audience& audience) {
  thread_.run([&] { parts_->context.audience = &audience; });
}

void EtcdMedium::listen(const std::string& ns, Following following) {
  thread_.run([&] { parts_->observer(ns).listen(following); });
}

void EtcdMedium::stop_following(const std::string& ns, Fence fence) {
  thread_.run([&] { parts_->observer(ns).stop(fence); });
}

std::optional<LimitState> EtcdMedium::limit_of(const std::string& ns) {
  return thread_.run([&] {
    const auto its = parts_->tenure(ns);
    return its ? its->limit() : std::nullopt;
  });
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

std::optional<Result<void>> EtcdMedium::begin_write(Batch& batch) {
  thread_.loop().post([this, &batch] { parts_->begin_write(batch); });
  return std::nullopt;
}

void EtcdMedium::note_written(Written written) {
  {
    const MutexLock lock(written_mutex_);
    written_.push_back(std::move(written));
  }
  if (ring_) ring_();
}

std::vector<Medium::Written> EtcdMedium::take_written() {
  std::vector<Written> all;
  {
    const MutexLock lock(written_mutex_);
    all.swap(written_);
  }
  if (all.empty()) return all;
  std::vector<EtcdParts::Told> told;
  for (const auto& [batch, outcome] : all) {
    const bool durable = outcome && !batch->lost;
    told.push_back({std::string(batch->ns), batch->fence,
                    durable ? std::optional(batch->version) : std::nullopt});
  }
  thread_.loop().post([this, told = std::move(told)] { parts_->note_taken(told); });
  return all;
}

Result<void> EtcdMedium::check() {
  return thread_.run([this] { return parts_->check(); });
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

// The journal asks after every group, and there is nearly never anything.
Result<bool> EtcdMedium::finish_some() {
  if (Clock::now() < finished_ + kFinishPeriod) return false;
  const auto more = thread_.await([this] { return parts_->finish_some(); });
  if (more && !*more) finished_ = Clock::now();
  return more;
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
