// SPDX-License-Identifier: Apache-2.0
// For tests: stores that share documents and notes, as the members of a cluster do. Each has data
// of its own, in memory.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "store/document_log.h"
#include "store/memory/memory_medium.h"
#include "store/store.h"

namespace sluice::store {

// The part that the members share. Any thread.
class SharedPart {
 public:
  Result<Documents> documents(std::string_view collection) {
    const MutexLock lock(mutex_);
    return medium_.documents(collection);
  }
  std::expected<Version, DocumentFailure> change(std::span<const DocumentChange> changes) {
    const MutexLock lock(mutex_);
    auto version = medium_.change_documents(changes);
    if (version) log_.append(*version, changes);
    return version;
  }
  Result<DocumentNews> news(Version after, TimePoint deadline) {
    return log_.news(after, deadline);
  }
  // The log forgets all changes, as after a stall.
  void forget_news() {
    const MutexLock lock(mutex_);
    log_.begin(medium_.documents("meta")->version);
  }

  void join(const std::string& member) {
    const MutexLock lock(mutex_);
    notes_[member];
  }
  void leave(const std::string& member) {
    const MutexLock lock(mutex_);
    notes_.erase(member);
  }
  void set_note(const std::string& member, const std::string& key,
                std::optional<std::string> value) {
    const MutexLock lock(mutex_);
    const auto its = notes_.find(member);
    if (its == notes_.end()) return;
    if (value) {
      its->second[key] = *std::move(value);
    } else {
      its->second.erase(key);
    }
  }
  std::vector<Store::Note> notes(std::string_view prefix) {
    const MutexLock lock(mutex_);
    std::vector<Store::Note> found;
    for (const auto& [member, its] : notes_) {
      for (const auto& [key, value] : its) {
        if (key.starts_with(prefix)) found.push_back({member, key, value});
      }
    }
    return found;
  }
  std::vector<std::string> members() {
    const MutexLock lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, notes] : notes_) names.push_back(name);
    return names;
  }

 private:
  Mutex mutex_;
  MemoryMedium medium_;
  DocumentLog log_;
  std::map<std::string, std::map<std::string, std::string>> notes_ SLUICE_GUARDED_BY(mutex_);
};

class SharedStore final : public Store {
 public:
  SharedStore(std::shared_ptr<SharedPart> shared, std::string member, unsigned core_count)
      : shared_(std::move(shared)),
        member_(std::move(member)),
        data_(open_memory_store(core_count)) {
    shared_->join(member_);
  }
  ~SharedStore() override { shared_->leave(member_); }

  [[nodiscard]] bool is_shared() const override { return true; }
  Result<Documents> documents(std::string_view collection) override {
    return shared_->documents(collection);
  }
  std::expected<Version, DocumentFailure> change_documents(
      std::span<const DocumentChange> changes) override {
    return shared_->change(changes);
  }
  Result<DocumentNews> document_news(Version after, TimePoint deadline) override {
    return shared_->news(after, deadline);
  }
  Result<std::vector<Member>> members() override {
    std::vector<Member> found;
    for (const std::string& name : shared_->members()) {
      Member& member = found.emplace_back();
      member.name = name;
      member.me = name == member_;
    }
    return found;
  }
  void set_note(const std::string& key, std::optional<std::string> value) override {
    shared_->set_note(member_, key, std::move(value));
  }
  Result<std::vector<Note>> notes(std::string_view prefix) override {
    return shared_->notes(prefix);
  }

  Result<void> prepare(const std::string& ns) override { return data_->prepare(ns); }
  View& view(const loop::Core& core, const std::string& ns) override {
    return data_->view(core, ns);
  }
  Result<Page> list(const std::string& ns, std::string_view prefix, std::string_view after,
                    std::size_t limit) override {
    return data_->list(ns, prefix, after, limit);
  }
  Result<Version> scan(const std::string& ns, std::string_view prefix,
                       const Visit& visit) override {
    return data_->scan(ns, prefix, visit);
  }
  Result<std::unique_ptr<BulkImport>> begin_import(const std::string& ns) override {
    return data_->begin_import(ns);
  }
  Result<void> apply(const std::string& ns, std::vector<Entry> entries) override {
    return data_->apply(ns, std::move(entries));
  }
  Result<void> erase_all(const std::string& ns, std::string_view prefix) override {
    return data_->erase_all(ns, prefix);
  }
  Result<void> erase(const std::string& ns, std::string_view key) override {
    return data_->erase(ns, key);
  }
  Result<std::uint64_t> count(const std::string& ns, std::string_view prefix) override {
    return data_->count(ns, prefix);
  }
  NamespaceStatus status(const std::string& ns) const override { return data_->status(ns); }
  Result<std::vector<std::string>> namespaces() override { return data_->namespaces(); }
  std::string health() const override { return data_->health(); }
  WriteStatistics write_statistics() const override { return data_->write_statistics(); }
  void close() override { data_->close(); }

 private:
  const std::shared_ptr<SharedPart> shared_;
  const std::string member_;
  const std::unique_ptr<Store> data_;
};

}  // namespace sluice::store
