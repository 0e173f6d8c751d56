// SPDX-License-Identifier: Apache-2.0
#include "store/etcd/documents.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/text.h"
#include "store/etcd/requests.h"

namespace sluice::store {
namespace {

constexpr std::size_t kLooksAtOnce = 100;  // of expected versions; etcd permits 128
// Counted together with the operations of a pack.
constexpr std::size_t kComparesMax = 128 - kPackOperations;
constexpr Duration kDocumentsPause = std::chrono::milliseconds(100);

etcd::CallOptions within(Duration limit) {
  etcd::CallOptions options;
  options.deadline = Clock::now() + limit;
  return options;
}

std::unexpected<DocumentFailure> failed(Error error) {
  return std::unexpected(DocumentFailure{std::move(error), std::nullopt});
}

}  // namespace

std::string ChangeList::encode() const {
  std::string text;
  for (const Made& change : made) {
    text += change.id.text() + ' ' + std::to_string(change.before) + '\n';
  }
  return text;
}

ChangeList ChangeList::decode(std::string_view text) {
  ChangeList list;
  while (!text.empty() && list.made.size() < kMax) {
    std::string_view line = take_until(text, '\n');
    const auto id = RandomId::parse(take_until(line, ' '));
    const auto before = to_number<std::int64_t>(line);
    if (id && before) list.made.push_back({*id, *before});
  }
  return list;
}

ChangeList ChangeList::with(const RandomId& id, std::int64_t before) const {
  ChangeList next = *this;
  if (next.made.size() >= kMax) next.made.erase(next.made.begin());
  next.made.push_back({id, before});
  return next;
}

std::optional<std::int64_t> ChangeList::find(const RandomId& id, std::int64_t last) const {
  const auto found = std::ranges::find(made, id, &Made::id);
  if (found == made.end()) return std::nullopt;
  return std::next(found) == made.end() ? last : std::next(found)->before;
}

SharedDocuments::SharedDocuments(EtcdContext& context) : context_(context), news_(context.loop()) {}

Task<Result<Documents>> SharedDocuments::read(std::string collection) {
  const std::string prefix = context_.keys.collection(collection);
  pb::TxnRequest txn;  // one revision
  add_range(*txn.add_success(), context_.keys.documents());
  *txn.add_success()->mutable_request_range() = range_of_prefix(prefix);
  EtcdRetry retry(Clock::now() + kReadMax);
  auto reply = co_await context_.kv.txn(txn, retry.options());
  while (!reply && retry.again()) {
    co_await context_.loop().sleep_for(retry.pause());
    reply = co_await context_.kv.txn(txn, retry.options());
  }
  if (!reply) co_return std::unexpected(error_of(reply.error()));
  const auto& list = reply->responses(0).response_range();
  Documents documents;
  if (list.kvs_size() > 0) documents.version = static_cast<Version>(list.kvs(0).mod_revision());
  for (const auto& kv : reply->responses(1).response_range().kvs()) {
    documents.entries.push_back(
        {kv.key().substr(prefix.size()), kv.value(), static_cast<Version>(kv.mod_revision())});
  }
  SLUICE_CO_CHECK(co_await delivered(documents.version));
  co_return documents;
}

Task<std::expected<Version, DocumentFailure>> SharedDocuments::change(
    std::span<const DocumentChange> changes) {
  const TimePoint deadline = Clock::now() + kChangeMax;
  while (true) {
    const auto found = co_await look(changes);
    if (!found) co_return failed(found.error());
    if (found->mismatch) co_return std::unexpected(*found->mismatch);
    const RandomId id = RandomId::make();
    const auto txn = request(changes, *found, id);
    if (!txn) co_return failed(txn.error());
    const auto made = co_await send(*txn, id, deadline);
    if (!made) co_return failed(made.error());
    if (*made) {
      const auto known = co_await delivered(**made);
      if (!known) co_return failed(known.error());
      co_return **made;
    }
    if (Clock::now() > deadline) {
      co_return failed({ErrorKind::unavailable,
                        "others change the objects at the same time: try "
                        "again"});
    }
  }
}

Task<Result<SharedDocuments::Found>> SharedDocuments::look(
    std::span<const DocumentChange> changes) {
  const pb::RangeRequest request = range_of(context_.keys.documents());
  const auto reply = co_await context_.kv.range(request, within(kReadMax));
  if (!reply) co_return std::unexpected(error_of(reply.error()));
  Found found;
  if (reply->kvs_size() > 0) {
    found.list = ChangeList::decode(reply->kvs(0).value());
    found.revision = reply->kvs(0).mod_revision();
  }
  SLUICE_CO_TRY(found.mismatch, co_await check(changes, reply->header().revision()));
  co_return found;
}

Task<Result<std::optional<DocumentFailure>>> SharedDocuments::check(
    std::span<const DocumentChange> changes, std::int64_t revision) {
  std::vector<const DocumentChange*> expecting;
  for (const DocumentChange& change : changes) {
    if (change.expected) expecting.push_back(&change);
  }
  for (std::size_t begin = 0; begin < expecting.size(); begin += kLooksAtOnce) {
    const std::size_t end = std::min(begin + kLooksAtOnce, expecting.size());
    pb::TxnRequest txn;
    for (std::size_t i = begin; i < end; ++i) {
      pb::RangeRequest& range = *txn.add_success()->mutable_request_range();
      range.set_key(context_.keys.document(expecting[i]->collection, expecting[i]->key));
      range.set_revision(revision);
      range.set_keys_only(true);
    }
    const auto reply = co_await context_.kv.txn(txn, within(kReadMax));
    if (!reply) co_return std::unexpected(error_of(reply.error()));
    for (std::size_t i = begin; i < end; ++i) {
      const auto& kvs = reply->responses(static_cast<int>(i - begin)).response_range().kvs();
      const Version there = kvs.empty() ? 0 : static_cast<Version>(kvs[0].mod_revision());
      if (there != *expecting[i]->expected) {
        co_return refuse(*expecting[i], there).error();
      }
    }
  }
  co_return std::nullopt;
}

Result<pb::TxnRequest> SharedDocuments::request(std::span<const DocumentChange> changes,
                                                const Found& found, const RandomId& id) const {
  std::map<std::string, std::size_t> last;  // a document may be named twice
  for (std::size_t i = 0; i < changes.size(); ++i) {
    last[context_.keys.document(changes[i].collection, changes[i].key)] = i;
  }
  pb::TxnRequest txn;
  compare_changed(txn, context_.keys.documents(), found.revision);
  Packs packs;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const DocumentChange& change = changes[i];
    std::string key = context_.keys.document(change.collection, change.key);
    if (last[key] != i) continue;
    // The compare above implies this one, unless another program has changed the document.
    if (change.expected && static_cast<std::size_t>(txn.compare_size()) < kComparesMax) {
      compare_changed(txn, key, static_cast<std::int64_t>(*change.expected));
    }
    if (!packs.fits(1, key.size() + change.value.value_or("").size() + kOperationBytes)) {
      return fail(ErrorKind::too_large, "the objects of one change have more than " +
                                            std::to_string(kGroupBytesMax) +
                                            " bytes or are too many: apply them in parts");
    }
    if (change.value) {
      packs.put(std::move(key), *change.value);
    } else {
      packs.erase(std::move(key));
    }
  }
  packs.move_to(txn);
  add_put(*txn.add_success(), context_.keys.documents(),
          found.list.with(id, found.revision).encode());
  add_range(*txn.add_failure(), context_.keys.documents());
  return txn;
}

Task<Result<std::optional<Version>>> SharedDocuments::send(const pb::TxnRequest& txn,
                                                           const RandomId& id, TimePoint deadline) {
  EtcdRetry retry(deadline);
  while (true) {
    const auto reply = co_await context_.kv.txn(txn, retry.options());
    if (reply && reply->succeeded()) co_return static_cast<Version>(reply->header().revision());
    if (reply) {
      const auto& found = reply->responses(0).response_range();
      if (found.kvs_size() == 0) co_return std::nullopt;
      const auto list = ChangeList::decode(found.kvs(0).value());
      const auto made = list.find(id, found.kvs(0).mod_revision());
      co_return made ? std::optional(static_cast<Version>(*made)) : std::nullopt;
    }
    retry.avoid = reply.error().endpoint;
    const bool final = reply.error().status == etcd::Status::invalid_argument ||
                       reply.error().status == etcd::Status::permission_denied;
    if (final || !retry.again()) co_return std::unexpected(error_of(reply.error()));
    co_await context_.loop().sleep_for(retry.pause());
  }
}

Task<Result<void>> SharedDocuments::delivered(Version version) {
  const TimePoint deadline = Clock::now() + kReadMax;
  while (log_ != nullptr && newest_ < version) {
    const bool told = co_await news_.wait(deadline);
    if (!told) {
      co_return fail(ErrorKind::unavailable,
                     "etcd does not send the changes of objects: try again");
    }
  }
  co_return Result<void>();
}

void SharedDocuments::feed(DocumentLog& log) {
  log_ = &log;
  following_ = follow();
  following_.start();
}

void SharedDocuments::forget() {
  if (log_ == nullptr) return;
  next_ = 0;
  newest_ = 0;
  following_ = follow();
  following_.start();
}

Task<void> SharedDocuments::follow() {
  while (true) {
    if (next_ == 0) {
      const auto begun = co_await begin_anew();
      if (begun) continue;
    } else {
      co_await watch();
    }
    co_await context_.loop().sleep_for(kDocumentsPause);
  }
}

Task<Result<void>> SharedDocuments::begin_anew() {
  const pb::RangeRequest request = range_of(context_.keys.documents());
  const auto reply = co_await context_.kv.range(request, within(kReadMax));
  if (!reply) co_return std::unexpected(error_of(reply.error()));
  const bool empty = reply->kvs_size() == 0;
  changes_ = empty ? 0 : reply->kvs(0).version();
  newest_ = empty ? 0 : static_cast<Version>(reply->kvs(0).mod_revision());
  next_ = reply->header().revision() + 1;
  log_->begin(newest_);
  news_.notify_all();
  co_return Result<void>();
}

Task<void> SharedDocuments::watch() {
  etcd::WatchOptions options;
  options.key = context_.keys.documents();
  options.range_end = end_of_prefix(context_.keys.documents() + "/");
  options.start_revision = next_;
  options.avoid = avoid_;
  const auto watch = context_.kv.watch(std::move(options));
  const auto started = co_await watch->start(Clock::now() + kReadMax);
  if (!started) {
    avoid_ = started.error().endpoint;
    if (started.error().why == etcd::WatchFailure::Why::compacted) next_ = 0;
    co_return;
  }
  while (true) {
    const auto reply = co_await watch->next(TimePoint::max());
    if (!reply) {
      avoid_ = reply.error().endpoint;
      if (reply.error().why == etcd::WatchFailure::Why::compacted) next_ = 0;
      co_return;
    }
    if (deliver(*reply)) continue;
    context_.logger.warn("store: etcd has left out changes of objects: they are read anew");
    next_ = 0;
    co_return;
  }
}

bool SharedDocuments::deliver(const pb::WatchResponse& response) {
  std::vector<DocumentChange> changes;
  for (int i = 0; i < response.events_size(); ++i) {
    const pb::Event& event = response.events(i);
    const std::int64_t revision = event.kv().mod_revision();
    const bool is_last =
        i + 1 == response.events_size() || response.events(i + 1).kv().mod_revision() != revision;
    const bool puts = event.type() == pb::Event::PUT;
    if (event.kv().key() == context_.keys.documents()) {
      if (!puts || event.kv().version() != changes_ + 1) return false;
      ++changes_;
    } else if (const auto name = context_.keys.document_of(event.kv().key())) {
      changes.push_back({name->collection,
                         name->key,
                         puts ? std::optional(event.kv().value()) : std::nullopt,
                         {}});
    }
    if (!is_last) continue;
    append(revision, changes);
    changes.clear();
  }
  return true;
}

void SharedDocuments::append(std::int64_t revision, const std::vector<DocumentChange>& changes) {
  const auto version = static_cast<Version>(revision);
  if (version > newest_) {
    log_->append(newest_, version, changes);
    newest_ = version;
  }
  next_ = revision + 1;
  news_.notify_all();
}

}  // namespace sluice::store
