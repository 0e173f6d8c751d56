// SPDX-License-Identifier: Apache-2.0
#include "store/memory/memory_medium.h"

#include <iterator>

#include "store/bulk.h"
#include "store/chain_store.h"

namespace sluice::store {
namespace {

template <class Texts>
auto range_of(Texts& texts, std::string_view prefix) {
  const std::string end = end_of_prefix(prefix);
  return std::pair(texts.lower_bound(prefix), end.empty() ? texts.end() : texts.lower_bound(end));
}

}  // namespace

Result<void> MemoryMedium::write(std::span<Batch> group) {
  const MutexLock lock(mutex_);
  for (const Batch& batch : group) {
    Namespace& ns = namespaces_[std::string(batch.ns)];
    const Node* node = batch.after;
    do {
      node = node->next.load(std::memory_order_acquire);
      apply(*node, ns.entries);
    } while (node != batch.last);
    ns.version = batch.version;
  }
  return {};
}

void MemoryMedium::apply(const Node& node, Texts& entries) {
  for (const Write& write : node.writes) apply(write, entries);
  if (!node.bulk) return;
  if (node.bulk->clear) {
    const auto [first, last] = range_of(entries, *node.bulk->clear);
    entries.erase(first, last);
  }
  for (const Write& write : node.bulk->puts) apply(write, entries);
}

void MemoryMedium::apply(const Write& write, Texts& entries) {
  const std::string_view key = write.record->key();
  if (write.op == Op::put) {
    entries.insert_or_assign(std::string(key), write.record->value());
  } else if (const auto found = entries.find(key); found != entries.end()) {
    entries.erase(found);
  }
}

Result<Version> MemoryMedium::version(const std::string& ns) {
  const MutexLock lock(mutex_);
  const auto found = namespaces_.find(ns);
  return found == namespaces_.end() ? 0 : found->second.version;
}

Result<Version> MemoryMedium::load(const std::string& ns, const Visit& visit) {
  const MutexLock lock(mutex_);
  const auto found = namespaces_.find(ns);
  if (found == namespaces_.end()) return 0;
  for (const auto& [key, value] : found->second.entries) visit(key, value);
  return found->second.version;
}

Result<std::vector<std::string>> MemoryMedium::namespaces() {
  const MutexLock lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, ns] : namespaces_) names.push_back(name);
  return names;
}

Result<Page> MemoryMedium::list(const std::string& ns, std::string_view prefix,
                                std::string_view after, std::size_t limit) {
  const MutexLock lock(mutex_);
  Page page;
  const auto found = namespaces_.find(ns);
  if (found == namespaces_.end()) return page;
  const Texts& entries = found->second.entries;
  auto at =
      after.empty() || after < prefix ? entries.lower_bound(prefix) : entries.upper_bound(after);
  std::size_t bytes = 0;
  for (; at != entries.end() && at->first.starts_with(prefix); ++at) {
    if (page.entries.size() >= limit || bytes >= kPageBytesMax) {
      page.more = true;
      break;
    }
    page.entries.push_back({at->first, at->second});
    bytes += at->first.size() + at->second.size();
  }
  return page;
}

// Works on a copy, because `visit` may be slow and may use the store.
Result<Version> MemoryMedium::scan(const std::string& ns, std::string_view prefix,
                                   const Store::Visit& visit) {
  Namespace copy;
  {
    const MutexLock lock(mutex_);
    if (const auto found = namespaces_.find(ns); found != namespaces_.end()) copy = found->second;
  }
  const auto [first, last] = range_of(copy.entries, prefix);
  for (auto at = first; at != last && visit(at->first, at->second); ++at) {
  }
  return copy.version;
}

Result<std::uint64_t> MemoryMedium::count(const std::string& ns, std::string_view prefix) {
  const MutexLock lock(mutex_);
  const auto found = namespaces_.find(ns);
  if (found == namespaces_.end()) return 0;
  const auto [first, last] = range_of(found->second.entries, prefix);
  return static_cast<std::uint64_t>(std::distance(first, last));
}

Result<Documents> MemoryMedium::documents(std::string_view collection) {
  const MutexLock lock(mutex_);
  Documents documents{.entries = {}, .version = documents_version_};
  if (const auto found = documents_.find(collection); found != documents_.end()) {
    for (const auto& [key, document] : found->second) documents.entries.push_back(document);
  }
  return documents;
}

std::expected<Version, DocumentFailure> MemoryMedium::change_documents(
    std::span<const DocumentChange> changes) {
  const MutexLock lock(mutex_);
  for (const DocumentChange& change : changes) {
    if (!change.expected) continue;
    const auto& documents = documents_[change.collection];
    const auto found = documents.find(change.key);
    const Version there = found == documents.end() ? 0 : found->second.version;
    if (there != *change.expected) return refuse(change, there);
  }
  ++documents_version_;
  for (const DocumentChange& change : changes) {
    auto& documents = documents_[change.collection];
    if (change.value) {
      documents[change.key] = {change.key, *change.value, documents_version_};
    } else {
      documents.erase(change.key);
    }
  }
  return documents_version_;
}

std::unique_ptr<Store> open_memory_store(unsigned core_count, Limits limits) {
  return std::make_unique<ChainStore>(std::make_unique<MemoryMedium>(), core_count, Logger(),
                                      limits);
}

}  // namespace sluice::store
