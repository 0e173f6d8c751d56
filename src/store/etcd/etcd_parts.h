// SPDX-License-Identifier: Apache-2.0
// EtcdParts: the objects of EtcdMedium that belong to its thread. Core-bound.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "loop/wait_list.h"
#include "store/etcd/checked_kv.h"
#include "store/etcd/documents.h"
#include "store/etcd/membership.h"
#include "store/etcd/moves.h"
#include "store/etcd/namespace_claim.h"
#include "store/etcd/notes.h"
#include "store/etcd/questioner.h"
#include "store/etcd/reach.h"

namespace sluice::store {

struct EtcdParts {
  struct Terms {
    EtcdOptions etcd;
    std::size_t small_bulk_max;
    std::int64_t page_keys_max;
    EtcdPatience patience;
    Logger logger;
    std::function<void()> ring;  // there is news for the journal
    std::function<void(Medium::Written)> on_written;
  };
  // An outcome that the journal has taken. `version`: everything up to it is durable, and it knows.
  struct Told {
    std::string ns;
    Fence fence;
    std::optional<Version> version;
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
  // Medium::begin_write: on_written() gets the outcome.
  void begin_write(Batch& batch);
  // The journal has taken these outcomes.
  void note_taken(std::span<const Told> told);
  [[nodiscard]] Task<void> write(Batch& batch, std::shared_ptr<Tenure> its);
  [[nodiscard]] Task<Result<bool>> stage(std::string_view ns, Bulk& bulk);
  [[nodiscard]] Task<Result<bool>> finish_some();
  [[nodiscard]] Task<etcd::CallReply<pb::RangeResponse>> range(const pb::RangeRequest& request,
                                                               etcd::CallOptions options);
  // This process stops: range(), stage() and finish_some() fail, also those in progress.
  void end_reads();
  [[nodiscard]] Task<bool> until_reads_end();
  [[nodiscard]] Task<bool> until_steps_end();  // also when it resigns
  // Medium::check, as of the last look, some seconds ago at most.
  [[nodiscard]] Result<void> check() const;
  [[nodiscard]] Task<void> look();
  [[nodiscard]] Task<Result<void>> look_once();
  [[nodiscard]] Task<Result<void>> look_for_alarms();
  // Joins the cluster. Once, first.
  [[nodiscard]] Task<Result<void>> join();
  [[nodiscard]] Task<void> leave();
  void on_other_cluster();
  void on_move(const std::string& ns, const std::string& member);
  void note_given_up(const NamespaceClaim& claim, const std::string& ns,
                     const std::string& cause) const;
  // No other member reaches this one: gives up what it owns, each time later.
  void on_unreached();
  // This process takes no namespace any more, and gives up those that it owns.
  void resign();

  CheckedKv kv;
  EtcdContext context;
  Membership membership;
  Notes notes;
  Moves moves;
  SharedDocuments documents;
  bool resigned = false;
  bool reads_ended = false;
  loop::WaitList ends;       // of the reads, and of the ownerships
  const AskOwner ask_owner;  // both are called on this thread only
  const ReachMember reach_member;
  TimePoint gives_up_from{};  // what it owns, if it is not reached
  Duration gives_up_after{};  // the last time
  // What this process sees of a namespace whose claim it has.
  struct Sight {
    std::unique_ptr<Observer> observer;
    std::shared_ptr<Questioner> questioner;
  };
  std::map<std::string, Sight, std::less<>> sights;
  std::map<std::string, std::unique_ptr<NamespaceClaim>, std::less<>> claims;
  const std::function<void(Medium::Written)> on_written;
  Result<void> looked{};
  // These use all of the above.
  Reach reach;
  std::map<std::string, Task<void>, std::less<>> writings;  // by namespace
  Task<void> looking{};
};

}  // namespace sluice::store
