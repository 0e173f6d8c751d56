// SPDX-License-Identifier: Apache-2.0
#include "store/chain_store.h"

#include <algorithm>
#include <thread>

#include "base/assert.h"
#include "store/bulk.h"
#include "store/chain_view.h"

namespace sluice::store {
namespace {

using namespace std::chrono_literals;

constexpr Duration kAdminWait = 30s;
constexpr Duration kLimitWait = 5s;  // an apply goes on then
constexpr Duration kLimitPause = 10ms;

Result<void> check_limits(std::string_view key, std::string_view value, const Limits& limits) {
  if (key.size() > limits.key_bytes_max) {
    return fail(ErrorKind::too_large, "the key `" + std::string(key.substr(0, 40)) +
                                          "…` is longer than " +
                                          std::to_string(limits.key_bytes_max) + " bytes");
  }
  if (value.size() > limits.value_bytes_max) {
    return fail(ErrorKind::too_large, "the value of `" + std::string(key) + "` is longer than " +
                                          std::to_string(limits.value_bytes_max) + " bytes");
  }
  return {};
}

std::unique_ptr<Medium> connect(std::unique_ptr<Medium> medium, const Engine& engine) {
  if (engine.may_lose) medium->on_news([bell = engine.bell] { bell->call(); });
  return medium;
}

}  // namespace

ChainStore::ChainStore(std::unique_ptr<Medium> medium, unsigned core_count, Logger logger,
                       Limits limits)
    : engine_(std::make_shared<Engine>(core_count, limits, medium->may_lose(),
                                       medium->incarnation(), medium->word_max())),
      logger_(logger),
      medium_(connect(std::move(medium), *engine_)),
      medium_feeds_log_(medium_->feed(document_log_)),
      takeovers_(engine_->may_lose ? std::make_unique<Backroom>(Backroom::Awaited::yes) : nullptr),
      followings_(medium_->can_follow() ? std::make_unique<Backroom>(Backroom::Awaited::yes)
                                        : nullptr),
      journal_(engine_, *medium_, std::move(logger),
               {.over = [this](const auto& ns, Fence fence) { note_over(ns, fence); },
                .owned = [this](const auto& ns, Fence fence) { take_over_soon(ns, fence); },
                .ended =
                    [this](const auto& ns, Fence fence) {
                      note_over(ns, fence);
                      follow_soon(ns);
                    }}) {
  medium_->attend(*this);
}

ChainStore::~ChainStore() {
  close();
  for (const auto& [name, chain] : chains_) chain->close();
}

void ChainStore::close() {
  if (medium_ == nullptr) return;
  engine_->closed.store(true, std::memory_order_release);
  document_log_.close();
  medium_->end_reads();  // a take of a million entries lasts many seconds
  if (takeovers_) takeovers_->close();
  if (followings_) followings_->close();
  engine_->counting->close();
  engine_->backroom->close();
  journal_.stop();
  medium_.reset();
}

std::shared_ptr<Chain> ChainStore::find(const std::string& ns) const {
  const MutexLock lock(mutex_);
  const auto found = chains_.find(ns);
  return found == chains_.end() ? nullptr : found->second;
}

Result<std::shared_ptr<Chain>> ChainStore::open(const std::string& ns) {
  if (auto known = find(ns); known && (known->fence() != 0 || !engine_->may_lose)) return known;
  if (engine_->may_lose) return open_shared(ns);
  SLUICE_TRY(const Version version, medium_->version(ns));
  const MutexLock lock(mutex_);
  auto& chain = chains_[ns];
  if (!chain) {
    chain = std::make_shared<Chain>(ns, version, engine_);
    journal_.add(chain);
  }
  return chain;
}

Result<void> ChainStore::prepare(const std::string& ns) {
  SLUICE_TRY(const auto chain, open(ns));
  return engine_->may_lose ? Result<void>() : chain->load(*medium_);
}

View& ChainStore::view(const loop::Core& core, const std::string& ns) {
  auto chain = find(ns);
  const auto make = [&](loop::EventLoop& home, Replica replica, Node* place) {
    return std::make_shared<ChainView>(chain, engine_, core, home, std::move(replica), place);
  };
  View* view = chain ? chain->attach(core, make) : nullptr;
  while (view == nullptr) {
    auto newer = find(ns);  // may have adopted the views meanwhile
    // An empty view would let in too many.
    SLUICE_ASSERT(newer != chain, "a namespace is prepared before it is viewed");
    chain = std::move(newer);
    view = chain->attach(core, make);
  }
  return *view;
}

Result<void> ChainStore::settle(const std::string& ns) {
  const auto chain = find(ns);
  if (!chain) return {};
  const auto settled = journal_.wait_durable(*chain, chain->committed(), kAdminWait);
  // No client was told of a change that cannot be written now, or never will be.
  const bool untold = !settled && (settled.error().kind == ErrorKind::unavailable ||
                                   settled.error().kind == ErrorKind::lost);
  return untold ? Result<void>() : settled;
}

Result<Page> ChainStore::list(const std::string& ns, std::string_view prefix,
                              std::string_view after, std::size_t limit) {
  SLUICE_CHECK(settle(ns));
  // At least 2: a page of the empty key alone would give a cursor that means the beginning.
  return medium_->list(ns, prefix, after, std::max<std::size_t>(limit, 2));
}

Result<std::uint64_t> ChainStore::count(const std::string& ns, std::string_view prefix) {
  SLUICE_CHECK(settle(ns));
  return medium_->count(ns, prefix);
}

std::unexpected<Error> ChainStore::refusal() const {
  std::string trouble = journal_.health();
  if (trouble.empty()) trouble = "the store could not be written a moment ago: try again";
  return fail(ErrorKind::unavailable, std::move(trouble));
}

std::unexpected<Error> ChainStore::not_owner(const Chain& chain) {
  return fail(ErrorKind::unavailable, "another member owns the shared data of " + chain.name() +
                                          " by now; nothing was changed: try again");
}

template <class Append>
Result<void> ChainStore::append_open(Chain& chain, Append append) {
  while (true) {
    const Version version = append();
    if (version != 0) {
      chain.ring();
      return journal_.wait_durable(chain, version, kAdminWait);
    }
    if (!chain.is_owned() || !chain.is_sealed()) return not_owner(chain);
    SLUICE_CHECK(journal_.wait_open(chain, kAdminWait));
  }
}

Result<void> ChainStore::append(Chain& chain, NodePtr node) {
  if (chain.refuses_writes()) return refusal();
  return append_open(chain, [&] { return chain.append(node); });
}

Result<void> ChainStore::append_bulk(Chain& chain, NodePtr node) {
  const MutexLock one_at_a_time(chain.bulk_mutex());
  if (!chain.is_owned()) return not_owner(chain);
  if (chain.refuses_writes()) return refusal();
  SLUICE_CHECK(journal_.stage(chain, *node->bulk));
  if (chain.refuses_writes()) {
    journal_.drop_staged(*node->bulk);
    return refusal();
  }
  const Result<void> made = append_open(chain, [&] {
    chain.bulk_mutex().assert_held();
    return chain.append_bulk(node);
  });
  if (node) journal_.drop_staged(*node->bulk);  // it is not in the chain
  return made;
}

Result<Version> ChainStore::scan(const std::string& ns, std::string_view prefix,
                                 const Visit& visit) {
  SLUICE_CHECK(settle(ns));
  return medium_->scan(ns, prefix, visit);
}

class ChainStore::ChainImport final : public BulkImport {
 public:
  ChainImport(ChainStore& store, std::shared_ptr<Chain> chain)
      : store_(store), chain_(std::move(chain)) {}

  Result<void> add(std::string_view key, std::string_view value) override {
    SLUICE_CHECK(check_limits(key, value, store_.engine_->limits));
    writes_.push_back({Record::make(key, value), chain_->hash(key), Op::put});
    bytes_ += key.size() + value.size();
    return {};
  }
  void replace_all() override { replaces_ = true; }
  std::uint64_t size() const override { return writes_.size(); }
  Result<void> commit() override {
    // The next ownership may have begun meanwhile. Its chain has the same hash.
    SLUICE_TRY(chain_, store_.open(chain_->name()));
    auto node = std::make_unique<Node>();
    const Limits& limits = store_.engine_->limits;
    const bool few =
        writes_.size() < limits.bulk_entries_min && bytes_ <= limits.bytes_per_transaction_max;
    if (few && !replaces_) {
      if (writes_.empty()) return {};
      node->writes = std::move(writes_);
      return store_.append(*chain_, std::move(node));
    }
    node->bulk = std::make_unique<Bulk>();
    if (replaces_) node->bulk->clear.emplace();
    node->bulk->puts = std::move(writes_);
    node->bulk->sort();
    return store_.append_bulk(*chain_, std::move(node));
  }

 private:
  ChainStore& store_;
  std::shared_ptr<Chain> chain_;
  std::vector<Write> writes_;
  std::size_t bytes_ = 0;  // in writes_
  bool replaces_ = false;
};

Result<std::unique_ptr<BulkImport>> ChainStore::begin_import(const std::string& ns) {
  SLUICE_TRY(auto chain, open(ns));
  return std::make_unique<ChainImport>(*this, std::move(chain));
}

Result<void> ChainStore::apply(const std::string& ns, std::vector<Entry> entries) {
  SLUICE_TRY(const auto import, begin_import(ns));
  for (const Entry& entry : entries) SLUICE_CHECK(import->add(entry.key, entry.value));
  return import->commit();
}

Result<void> ChainStore::erase_all(const std::string& ns, std::string_view prefix) {
  SLUICE_TRY(const auto chain, open(ns));
  auto node = std::make_unique<Node>();
  node->bulk = std::make_unique<Bulk>();
  node->bulk->clear = prefix;
  return append_bulk(*chain, std::move(node));
}

Result<void> ChainStore::erase(const std::string& ns, std::string_view key) {
  SLUICE_CHECK(check_limits(key, {}, engine_->limits));
  SLUICE_TRY(const auto chain, open(ns));
  auto node = std::make_unique<Node>();
  node->writes.push_back({Record::make(key, {}), chain->hash(key), Op::erase});
  return append(*chain, std::move(node));
}

// A limit becomes known before the chain is looked up, and the next chain looks for it when it is
// made: so it holds in either.
Result<void> ChainStore::hold_limit(const std::string& ns, KeyLimit limit) {
  {
    const MutexLock lock(mutex_);
    const auto known = limits_.find(ns);
    if (!engine_->may_lose)
      limit.revision = known == limits_.end() ? 1 : known->second.revision + 1;
    if (known != limits_.end() && known->second.revision >= limit.revision) return {};
    limits_[ns] = limit;
  }
  const TimePoint end = Clock::now() + kLimitWait;
  auto chain = find(ns);
  while (chain && is_left_to_this(*chain, limit) && Clock::now() < end) {
    std::this_thread::sleep_for(kLimitPause);
    chain = find(ns);
  }
  if (!chain) return {};
  const auto held = chain->hold_limit(limit);
  if (!held) SLUICE_CHECK(journal_.wait_open(*chain, kLimitWait));
  const Version version = held ? *held : chain->committed();
  if (version == 0) return {};
  chain->ring();
  return journal_.wait_durable(*chain, version, kLimitWait);
}

bool ChainStore::is_left_to_this(Chain& chain, const KeyLimit& limit) const {
  if (!engine_->may_lose || engine_->closed.load(std::memory_order_acquire)) return false;
  if (chain.is_owned() || chain.holds_limit(limit)) return false;
  const auto owner = chain.outlook() ? chain.outlook()->owner() : nullptr;
  return !owner || owner->me;
}

std::optional<KeyLimit> ChainStore::wanted_limit(const std::string& ns) const {
  const MutexLock lock(mutex_);
  const auto known = limits_.find(ns);
  return known == limits_.end() ? std::nullopt : std::optional(known->second);
}

Result<std::vector<std::string>> ChainStore::namespaces() { return medium_->namespaces(); }

NamespaceStatus ChainStore::status(const std::string& ns) const {
  const auto chain = find(ns);
  NamespaceStatus status;
  {
    const MutexLock lock(mutex_);
    const auto unread = unread_.find(ns);
    if (unread != unread_.end()) status.trouble = trouble_of(unread->second);
  }
  const bool in_use = chain && !chain->has_ended();
  const auto keys = in_use ? chain->keys() : std::nullopt;
  status.keys = keys ? *keys : medium_->count(ns, {}).value_or(0);
  if (chain && chain->outlook()) status.questions = chain->outlook()->questions_begun();
  status.owned = (in_use && chain->is_owned()) || !engine_->may_lose;
  if (in_use) {
    status.durable = chain->position(chain->durable().load(std::memory_order_acquire));
    status.committed = chain->position(chain->committed());
    status.durable_lag = chain->durable_lag();
    status.limit = chain->limit();
  } else {
    status.durable = status.committed = medium_->version(ns).value_or(0);
  }
  return status;
}

WriteStatistics ChainStore::write_statistics() const {
  WriteStatistics statistics = journal_.statistics();
  statistics.durability = medium_->durability();
  return statistics;
}

Result<Documents> ChainStore::documents(std::string_view collection) {
  const MutexLock lock(documents_mutex_);
  SLUICE_TRY(Documents documents, medium_->documents(collection));
  if (!medium_feeds_log_) document_log_.reach(documents.version);
  return documents;
}

std::expected<Version, DocumentFailure> ChainStore::change_documents(
    std::span<const DocumentChange> changes) {
  const MutexLock lock(documents_mutex_);
  const auto version = medium_->change_documents(changes);
  if (version && !medium_feeds_log_) document_log_.append(*version, changes);
  return version;
}

}  // namespace sluice::store
