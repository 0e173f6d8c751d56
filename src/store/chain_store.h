// SPDX-License-Identifier: Apache-2.0
// ChainStore: the Store over any Medium.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/log.h"
#include "base/mutex.h"
#include "store/audience.h"
#include "store/backroom.h"
#include "store/chain.h"
#include "store/document_log.h"
#include "store/engine.h"
#include "store/journal.h"
#include "store/medium.h"

namespace sluice::store {

class ChainStore final : public Store, private Audience {
 public:
  ChainStore(std::unique_ptr<Medium> medium, unsigned core_count, Logger logger, Limits limits);
  ~ChainStore() override;

  Result<void> prepare(const std::string& ns) override;
  View& view(const loop::Core& core, const std::string& ns) override;
  Result<Page> list(const std::string& ns, std::string_view prefix, std::string_view after,
                    std::size_t limit) override;
  Result<Version> scan(const std::string& ns, std::string_view prefix, const Visit& visit) override;
  Result<std::unique_ptr<BulkImport>> begin_import(const std::string& ns) override;
  Result<void> apply(const std::string& ns, std::vector<Entry> entries) override;
  Result<void> erase_all(const std::string& ns, std::string_view prefix) override;
  Result<void> erase(const std::string& ns, std::string_view key) override;
  Result<std::vector<std::string>> namespaces() override;
  Result<std::uint64_t> count(const std::string& ns, std::string_view prefix) override;
  NamespaceStatus status(const std::string& ns) const override;
  Result<Documents> documents(std::string_view collection) override;
  std::expected<Version, DocumentFailure> change_documents(
      std::span<const DocumentChange> changes) override;
  Result<DocumentNews> document_news(Version after, TimePoint deadline) override {
    return document_log_.news(after, deadline);
  }
  bool is_shared() const override { return engine_->may_lose; }
  Result<std::vector<Member>> members() override { return medium_->members(); }
  Result<void> purge_member(const std::string& name) override {
    return medium_->purge_member(name);
  }
  void set_note(const std::string& key, std::optional<std::string> value) override {
    medium_->set_note(key, std::move(value));
  }
  Result<std::vector<Note>> notes(std::string_view prefix) override {
    return medium_->notes(prefix);
  }
  Result<std::vector<OwnedNamespace>> owners() override { return medium_->owners(); }
  Result<void> move(const std::string& ns, const std::string& member) override {
    return medium_->move(ns, member);
  }
  void resign() override {
    if (medium_ != nullptr) medium_->resign();
  }
  std::string health() const override;
  WriteStatistics write_statistics() const override;
  void close() override;
  std::optional<OwnerAnswer> last_sent(const std::string& ns) const override;
  Result<void> hold_limit(const std::string& ns, KeyLimit limit) override;
  KnownOwner owner(const std::string& ns) const override;

 private:
  // Null if this process has not used the namespace yet.
  [[nodiscard]] std::shared_ptr<Chain> find(const std::string& ns) const;
  [[nodiscard]] Result<std::shared_ptr<Chain>> open(const std::string& ns);
  // The rest, up to the next class, is in chain_store_shared.cc.
  [[nodiscard]] Result<std::shared_ptr<Chain>> open_shared(const std::string& ns)
      SLUICE_EXCLUDES(taking_over_);
  // Makes the chain of an ownership and moves the views to it, unless that ownership is over.
  [[nodiscard]] Result<void> take_over(const std::string& ns, Fence fence)
      SLUICE_REQUIRES(taking_over_);
  [[nodiscard]] Result<std::shared_ptr<Chain>> next_owned(Chain& before, Fence fence);
  [[nodiscard]] std::optional<KeyLimit> wanted_limit(const std::string& ns) const;
  // The chain is not owned, and nobody else will hold the limit.
  [[nodiscard]] bool is_left_to_this(Chain& chain, const KeyLimit& limit) const;
  // take_over() on the thread of takeovers_, again and again until the medium can be read.
  void take_over_soon(const std::string& ns, Fence fence);
  void note_over(const std::string& ns, Fence fence);
  [[nodiscard]] bool is_over(const std::string& ns, Fence fence) const SLUICE_REQUIRES(mutex_);
  [[nodiscard]] bool knows_over(const std::string& ns, Fence fence) const SLUICE_EXCLUDES(mutex_);
  // A state of a shared medium, read in order to follow.
  struct Start {
    Medium::Followed followed;
    std::vector<RecordRef> records;
  };
  void begin_following(const std::string& ns) SLUICE_REQUIRES(taking_over_);
  // Error `timed_out`: there were entries left at `until`.
  [[nodiscard]] Result<Start> read_start(const std::string& ns, TimePoint until);
  // Makes the chain of a following and moves the views to it, unless this process owns the
  // namespace.
  void follow_from(const std::string& ns, Start start) SLUICE_REQUIRES(taking_over_);
  // Both on the thread of followings_, again and again until the medium can be read.
  void follow_soon(const std::string& ns);
  void follow(const std::string& ns) SLUICE_EXCLUDES(taking_over_);
  // Replaces the chain of a namespace.
  void put_in_place(const std::shared_ptr<Chain>& chain, Chain& before) SLUICE_REQUIRES(mutex_);
  // A namespace that this process cannot read in the medium, to own or to follow it.
  struct Unread {
    std::string reason{};
    bool definite = false;  // no other try helps by itself
    TimePoint since{};
    TimePoint logged{};
  };
  void note_unread(const std::string& ns, const Error& error);
  void note_read(const std::string& ns);
  // The text for health(); "" while the trouble may heal by itself.
  [[nodiscard]] static std::string trouble_of(const Unread& unread);
  void on_group(const std::string& ns, Following following, SeenGroup group) override;
  void on_end(const std::string& ns, Following following, bool wrong) override;
  void on_outlook(const std::string& ns) override;
  static void tell(Chain& chain);
  class ChainImport;
  // The error while writes are refused, or were refused a moment ago.
  [[nodiscard]] std::unexpected<Error> refusal() const;
  [[nodiscard]] static std::unexpected<Error> not_owner(const Chain& chain);
  [[nodiscard]] Result<void> append(Chain& chain, NodePtr node);
  [[nodiscard]] Result<void> append_bulk(Chain& chain, NodePtr node);
  // Calls `append` until the chain was not sealed.
  template <class Append>
  [[nodiscard]] Result<void> append_open(Chain& chain, Append append);
  // Waits until all current commits are durable. Returns at once while the journal cannot write.
  [[nodiscard]] Result<void> settle(const std::string& ns);

  const std::shared_ptr<Engine> engine_;
  const Logger logger_;
  std::unique_ptr<Medium> medium_;                    // null after close()
  Mutex taking_over_ SLUICE_ACQUIRED_BEFORE(mutex_);  // one takeover at a time
  // Namespaces that the shared medium knows this process wants to own.
  std::set<std::string, std::less<>> acquired_ SLUICE_GUARDED_BY(taking_over_);
  Duration read_at_once_ SLUICE_GUARDED_BY(taking_over_){};  // by begin_following() so far
  mutable Mutex mutex_;
  std::map<std::string, std::shared_ptr<Chain>, std::less<>> chains_ SLUICE_GUARDED_BY(mutex_);
  // The last fence of each namespace that is over.
  std::map<std::string, Fence, std::less<>> over_ SLUICE_GUARDED_BY(mutex_);
  // The newest limits that this process knows of.
  std::map<std::string, KeyLimit, std::less<>> limits_ SLUICE_GUARDED_BY(mutex_);
  std::map<std::string, Unread, std::less<>> unread_ SLUICE_GUARDED_BY(mutex_);
  // Namespaces whose follow() has been ordered and has not begun.
  std::set<std::string, std::less<>> to_follow_ SLUICE_GUARDED_BY(mutex_);
  Mutex documents_mutex_;  // keeps the changes of document_log_ in order
  DocumentLog document_log_;
  const bool medium_feeds_log_;
  std::unique_ptr<Backroom> takeovers_;   // null without a shared medium
  std::unique_ptr<Backroom> followings_;  // null if the medium cannot follow
  Journal journal_;                       // last: its thread ends first
};

}  // namespace sluice::store
