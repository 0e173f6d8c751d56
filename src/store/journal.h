// SPDX-License-Identifier: Apache-2.0
// Journal: one thread that writes the commits of all chains to the medium, everything that has come
// meanwhile as one group, and tells the cores what is durable. While the medium refuses, the
// commits stay in their chains and are tried again, and new ones are refused (Chain::failing).
// Between two groups it takes at most one step of what bulk changes need.
//
// A shared medium writes each namespace by itself: one group of each is under way, and a namespace
// that cannot be written holds back no other one (journal_shared.cc). The journal also ends the
// chains whose ownership is lost, and each group confirms an ownership.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "store/bulk.h"
#include "store/chain.h"
#include "store/engine.h"
#include "store/medium.h"
#include "store/write_record.h"

namespace sluice::store {

class Journal {
 public:
  // Reactions to the news of a shared medium, on the journal's thread.
  struct OnNews {
    using Reaction = std::function<void(const std::string& ns, Fence fence)>;
    Reaction over;   // all ownerships up to this fence are over; their chain, if any, ends next
    Reaction owned;  // an ownership begins; the chains of all earlier ones have ended
    Reaction ended;  // the chain of this ownership has ended
  };

  // `medium` outlives this.
  Journal(std::shared_ptr<Engine> engine, Medium& medium, Logger logger, OnNews on_news);
  ~Journal() { stop(); }
  // Writes the remaining commits (one try) and ends the thread. The medium is not used afterwards.
  void stop();

  // Any thread but a worker's.
  void add(std::shared_ptr<Chain> chain);
  // Replaces `before`, which has ended.
  void replace(const Chain& before, std::shared_ptr<Chain> chain);
  // Blocks until `version` is durable, the journal fails (`unavailable`), the ownership is lost
  // (`lost`) or `limit` has passed.
  [[nodiscard]] Result<void> wait_durable(const Chain& chain, Version version, Duration limit);
  // The same until the chain is not sealed, or was opened since the call: it may be sealed again by
  // the return. Asks for the opening.
  [[nodiscard]] Result<void> wait_open(Chain& chain, Duration limit);
  [[nodiscard]] std::string health() const;
  [[nodiscard]] WriteStatistics statistics() const { return record_.statistics(); }
  // Stages `bulk` on the medium in steps between groups, and blocks until that is done. After an
  // error, nothing staged remains.
  [[nodiscard]] Result<void> stage(const Chain& chain, Bulk& bulk);
  // Drops a staged bulk that will not be committed.
  void drop_staged(const Bulk& bulk);

 private:
  struct Staging {  // in the frame of stage()
    const Chain& chain;
    Bulk& bulk;
    std::optional<Result<void>> outcome;
  };
  struct Group {
    std::vector<Batch> batches;
    std::vector<std::shared_ptr<Chain>> chains;  // of each batch
    std::vector<Node*> lasts;
    std::vector<std::uint64_t> confirmations;
    std::uint64_t commits = 0;
  };

  // A namespace that a shared medium writes.
  struct Lane {
    std::unique_ptr<Group> under_way{};  // of one batch
    TimePoint begun{};
    Duration pause{};                    // after the next failure
    TimePoint rests_until{};             // after the last one, or while commits gather
    std::shared_ptr<Chain> gathering{};  // commits gather behind a group
  };

  template <class Reached>
  [[nodiscard]] Result<void> wait_until(const Chain& chain, Reached reached, Duration limit);
  void run();
  void run_own();
  void inspect();
  void rest();
  // Takes one step of a Staging or of the medium's remaining work; false if there is none.
  bool take_step();
  // The oldest one; if `free`, whose namespace is not being written.
  [[nodiscard]] Staging* next_staging(bool free) const;
  [[nodiscard]] Staging* staging_of(const Chain& chain) const;
  void end_stagings(const std::string& trouble);
  void end_staging(Staging& staging, Result<void> outcome);
  void back_off(Duration pause);
  [[nodiscard]] std::vector<std::shared_ptr<Chain>> chains() const;
  [[nodiscard]] bool work_left() const;
  [[nodiscard]] Group collect();
  // The last commit of the next batch, and the number of writes up to it.
  [[nodiscard]] static std::pair<Node*, std::size_t> next_batch(const Chain& chain);
  static void add_batch(Group& group, std::shared_ptr<Chain> chain, Node* last);
  [[nodiscard]] bool write(Group& group);
  void publish(const Group& group);
  void take_news();
  // Ends the chains whose batches are lost.
  void end_lost(const Group& group);
  static void keep(Chain& chain, const Batch& batch);
  void end(Chain& chain);
  void set_health(std::string trouble);
  [[nodiscard]] std::string health_text() const SLUICE_REQUIRES(mutex_);
  // journal_shared.cc
  void run_shared();
  void finish_shared();
  // Both: false if there was nothing to do.
  bool begin_batches();
  bool take_written();
  void land(Lane& lane, Group& group, const Result<void>& outcome);
  void gather(Lane& lane, std::shared_ptr<Chain> chain);
  void end_gatherings();
  void set_chain_health(Chain& chain, const std::string& trouble);
  void inspect_shared();
  void rest_shared(TimePoint until);
  [[nodiscard]] bool may_begin(const Chain& chain) const;
  [[nodiscard]] bool is_under_way(const std::string& ns) const;
  [[nodiscard]] TimePoint next_rest_end() const;
  // Chain::tend_seal() of all chains. Returns when to call it again at the latest.
  [[nodiscard]] TimePoint tend_seals() const;
  void tell_cores();
  void tidy();
  [[nodiscard]] bool stopping() const { return stopping_.load(std::memory_order_seq_cst); }

  const std::shared_ptr<Engine> engine_;
  Medium& medium_;
  const Logger logger_;
  const OnNews on_news_;
  std::atomic<bool> stopping_{false};
  WriteRecord record_;

  mutable Mutex mutex_;
  std::vector<std::shared_ptr<Chain>> chains_ SLUICE_GUARDED_BY(mutex_);
  std::vector<Staging*> stagings_ SLUICE_GUARDED_BY(mutex_);
  std::string trouble_ SLUICE_GUARDED_BY(mutex_);  // "" while the medium takes everything
  // By namespace: why a shared medium cannot write it.
  std::map<std::string, std::string> troubles_ SLUICE_GUARDED_BY(mutex_);
  Condition news_;

  // Used by the thread only.
  TimePoint next_inspection_{};
  bool step_failed_ = false;
  std::map<std::string, Lane, std::less<>> lanes_;  // outlives the medium: see begin_write()
  std::thread thread_;                              // last: it uses all of the above
};

}  // namespace sluice::store
