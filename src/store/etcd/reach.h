// SPDX-License-Identifier: Apache-2.0
// Reach: whom this process reaches at the cluster ports, and whether anybody reaches this process.
// A member that cannot reach another one complains of it, by a note that all members read.
// Core-bound.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "loop/task.h"
#include "store/etcd/context.h"
#include "store/etcd/notes.h"
#include "store/store.h"

namespace sluice::store {

class Reach {
 public:
  // `reach` null: nobody is asked. `on_unreached`: no other member reaches this one, and another
  // place is better; called again and again while that is so. Both outlive this.
  Reach(EtcdContext& context, Notes& notes, const ReachMember& reach,
        std::function<void()> on_unreached);
  // After Membership::join().
  void start();
  void stop();

  // What members say of each other: who complains of whom, both by incarnation.
  struct Complaints {
    std::vector<MemberRecord> members;
    std::set<std::pair<RandomId, RandomId>> complaints;
  };
  // True if all other members complain of `me`, and not all of them complain of another one that
  // has a cluster port: what `me` owns is better off there. Pure: any thread.
  [[nodiscard]] static bool is_better_elsewhere(const RandomId& me, const Complaints& all);

 private:
  // Another process.
  struct Peer {
    std::string address;
    int failures = 0;  // since its last answer
    TimePoint failing_since{};
    Task<void> asking{};
  };
  [[nodiscard]] Task<void> work();
  [[nodiscard]] Task<bool> read();
  void tell_changes(const std::vector<MemberRecord>& now) const;
  void follow_members();
  void ask_all();
  [[nodiscard]] Task<void> ask(Peer& peer);
  static void note_failure(Peer& peer);
  void complain();
  void judge();

  EtcdContext& context_;
  Notes& notes_;
  const ReachMember& reach_;
  const std::function<void()> on_unreached_;
  Complaints known_{};
  bool unreached_ = false;
  std::map<RandomId, Peer> peers_{};
  Task<void> working_{};  // last: it uses all of the above
};

}  // namespace sluice::store
