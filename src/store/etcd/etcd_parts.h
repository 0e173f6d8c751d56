// SPDX-License-Identifier: Apache-2.0
// EtcdParts: the objects of EtcdMedium that belong to its thread. Core-bound.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "store/etcd/checked_kv.h"
#include "store/etcd/documents.h"
#include "store/etcd/membership.h"
#include "store/etcd/moves.h"
#include "store/etcd/namespace_claim.h"
#include "store/etcd/notes.h"
#include "store/etcd/questioner.h"

namespace sluice::store {

struct EtcdParts {
  struct Terms {
    EtcdOptions etcd;
    std::size_t small_bulk_max;
    std::int64_t page_keys_max;
    Logger logger;
    std::function<void()> ring;  // there is news for the journal
  };
  EtcdParts(const loop::Core& core, const Keys& keys, std::unique_ptr<Kv> client, Terms terms);

  // Of a move to `member`; "": there is none.
  [[nodiscard]] NamespaceClaim::Place place_of(const std::string& member) const;
  [[nodiscard]] NamespaceClaim& claim(const std::string& ns,
                                      const std::shared_ptr<Outlook>& outlook);
  // Requires: claim(ns).
  [[nodiscard]] Observer& observer(const std::string& ns) { return *sights.at(ns).observer; }
  // Null if the journal knows no ownership of the namespace.
  [[nodiscard]] std::shared_ptr<Tenure> tenure(std::string_view ns) const;
  [[nodiscard]] Task<Result<void>> write(std::span<Batch> group);
  [[nodiscard]] Task<Result<void>> write_one(Batch& batch);
  [[nodiscard]] Task<Result<bool>> stage(std::string_view ns, Bulk& bulk);
  [[nodiscard]] Task<Result<bool>> finish_some();
  [[nodiscard]] Task<Result<pb::RangeResponse>> range(const pb::RangeRequest& request);
  [[nodiscard]] Task<Result<void>> check();
  // Joins the cluster. Once, first.
  [[nodiscard]] Task<Result<void>> join();
  [[nodiscard]] Task<void> leave();
  void on_other_cluster();
  void on_move(const std::string& ns, const std::string& member);
  // This process takes no namespace any more, and gives up those that it owns.
  void resign();

  CheckedKv kv;
  EtcdContext context;
  Membership membership;
  Notes notes;
  Moves moves;
  SharedDocuments documents;
  bool resigned = false;
  const AskOwner ask_owner;  // called on this thread only
  // What this process sees of a namespace whose claim it has.
  struct Sight {
    std::unique_ptr<Observer> observer;
    std::shared_ptr<Questioner> questioner;
  };
  std::map<std::string, Sight, std::less<>> sights;
  std::map<std::string, std::unique_ptr<NamespaceClaim>, std::less<>> claims;
};

}  // namespace sluice::store
