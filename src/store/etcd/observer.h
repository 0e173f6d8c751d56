// SPDX-License-Identifier: Apache-2.0
// Observer: follows what the owners of a namespace write. It begins with a state of one revision. A
// watch of all keys of the namespace brings takes and groups in one order. The audience gets whole
// groups only; each must fit behind the one before, by the number of puts of `seq`, by the number
// of its writes and by the checksum. Otherwise the following ends, and the next one begins with
// another state. Core-bound.
//
// Nothing waits here for the audience: what is kept is one answer of the watch (kWatchPartBytes,
// kWatchRevisionBytesMax) and a hash of each entry.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "loop/wait_list.h"
#include "store/etcd/checksum.h"
#include "store/etcd/context.h"
#include "store/outlook.h"

namespace sluice::store {

class Observer {
 public:
  Observer(EtcdContext& context, std::string ns, std::shared_ptr<Outlook> outlook);

  struct State {
    Seq seq;
    std::int64_t puts = 0;      // of `seq` so far; 0: there is none
    std::int64_t changed = 0;   // the revision of `seq`
    std::int64_t revision = 0;  // at which the state was read
    Fence lowest_fence = 0;     // that may not be over
    Contents contents;
  };
  // Read the next state at this revision, and no group is missed; 0: none, read the newest.
  [[nodiscard]] std::int64_t resume_at() const { return resume_at_; }
  void forget_resume() { resume_at_ = 0; }
  // Begins a following, and ends the one before.
  [[nodiscard]] Following begin(State state);
  // A take needs no further read.
  [[nodiscard]] bool follows() const { return state_.has_value(); }
  // Begins to watch, if that following is the last. If it has ended meanwhile, the audience hears
  // it.
  void listen(Following following);
  // This process has taken the namespace under `fence`. Waits for the groups before that, and gives
  // the state away. None: it is not known.
  [[nodiscard]] Task<std::optional<State>> give(Following following, Fence fence,
                                                TimePoint deadline);
  // This process has taken the namespace under `fence`: ends the following, at the latest when the
  // watch has passed that take.
  void stop(Fence fence);
  // etcd is another one than before: nothing that is known of it holds.
  void forget();
  // The namespace has `version`. If this does not know it, watches at another endpoint.
  void look_elsewhere(Version version);

 private:
  // What one revision has changed.
  struct Revision {
    std::int64_t number = 0;
    const pb::KeyValue* seq = nullptr;
    std::optional<Fence> owner{};  // the owner's; 0: the owner is gone
    bool foreign = false;          // a change that no member makes
    std::vector<SeenGroup::Change> changes{};
    std::vector<Contents::EntryChange> hashes{};  // of the same
  };
  [[nodiscard]] Task<void> watch();
  [[nodiscard]] Task<void> watch_once();
  void take(const pb::WatchResponse& response);
  void sort(const pb::Event& event, Revision& revision) const;
  void take(Revision revision);
  void take_group(Revision revision);
  // Why the group does not fit; null: it does.
  [[nodiscard]] const char* fault(const Revision& revision, const Seq& seq) const;
  void pass(Fence fence);
  void end(bool wrong, const char* reason);

  EtcdContext& context_;
  const std::string ns_;
  const std::string all_;  // keys
  const std::string owner_key_;
  const std::string seq_key_;
  const std::shared_ptr<Outlook> outlook_;
  std::optional<State> state_;  // none: nothing is followed
  std::string epoch_;           // the keys of state_'s epoch
  Following following_ = 0;
  std::int64_t next_ = 0;       // the next revision of the watch
  std::int64_t resume_at_ = 0;  // the state is that of this revision, but for the entries
  Fence stop_at_ = 0;           // 0: it goes on
  std::unique_ptr<KvWatch> live_;
  etcd::EndpointIndex avoid_ = etcd::kAnyEndpoint;
  loop::WaitList news_;  // of give()
  Task<void> watching_;  // last: it uses all of the above
};

}  // namespace sluice::store
