// SPDX-License-Identifier: Apache-2.0
// NamespaceClaim: this process wants to own a namespace. It follows `owner` by a watch, takes the
// namespace when nobody owns it, and gives up an ownership that cannot go on. Core-bound.
//
// An ownership is this process's if `owner` has its incarnation, never by name: takes of an earlier
// process of the same name may still be under way. A take without an answer may be applied later;
// the watch finds it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "loop/event.h"
#include "loop/wait_list.h"
#include "store/etcd/context.h"
#include "store/etcd/membership.h"
#include "store/etcd/observer.h"
#include "store/etcd/tenure.h"
#include "store/outlook.h"

namespace sluice::store {

// A member takes a namespace this much later than the one before it in the order of the namespace.
inline constexpr Duration kRankStep = std::chrono::milliseconds(200);
// A member that has given a namespace up leaves it to the others for so long.
inline constexpr Duration kRetireRest = std::chrono::seconds(2);

class NamespaceClaim {
 public:
  // `outlook` learns the owner.
  NamespaceClaim(EtcdContext& context, Membership& membership, std::string ns,
                 std::shared_ptr<Outlook> outlook, const Observer& observer);
  void start();

  // The fence, if this process owns the namespace and may write it; none if it does not, or not
  // yet. Errors: `unavailable`, or that of etcd.
  [[nodiscard]] Task<Result<std::optional<Fence>>> first(TimePoint deadline);
  // The ownership that the journal knows, also when it is over; null if there is none.
  [[nodiscard]] const std::shared_ptr<Tenure>& tenure() const { return tenure_; }
  void collect_news(std::vector<Medium::News>& news);
  // etcd is another one than before: nothing that is known of it holds.
  void forget();
  // Gives the namespace up in order, and leaves it to the others for `rest`. It takes the namespace
  // again if nobody has taken it by then.
  void retire(Duration rest = kRetireRest);
  [[nodiscard]] bool owns() const { return has_newest(); }
  // Where the namespace is to be. `here`: this member takes it at once; `elsewhere`: it gives the
  // namespace up, and takes it no more.
  enum class Place { anywhere, here, elsewhere };
  void move(Place place);
  // Ends the claim, and gives the ownership up in order. Last.
  [[nodiscard]] Task<void> release(TimePoint deadline);

 private:
  struct Owner {
    bool mine = false;  // of this process
    std::int64_t created = 0;
    MemberRecord member{};
  };
  [[nodiscard]] Task<void> follow();
  // The revision of what it has read.
  [[nodiscard]] Task<Result<std::int64_t>> read_owner();
  [[nodiscard]] Task<void> watch_owner(std::int64_t from);
  [[nodiscard]] std::optional<Owner> owner_of(const pb::KeyValue& kv) const;
  void see(std::optional<Owner> owner, std::int64_t revision);
  void see(const pb::RangeResponse& owner, std::int64_t revision);
  void note_loss() const;
  void publish();
  void act();
  [[nodiscard]] Task<void> strive();
  [[nodiscard]] Task<void> take();
  // Lets the members before this one take the namespace.
  [[nodiscard]] Task<void> wait_turn();
  [[nodiscard]] pb::TxnRequest take_request() const;
  void taken(const pb::TxnResponse& response);
  [[nodiscard]] Task<void> give_back();
  void begin(Fence fence, bool at_once);
  // Notices of the journal and of first().
  void tell();
  [[nodiscard]] bool has_newest() const { return newest_ && !newest_->is_ending(); }
  [[nodiscard]] bool must_give_back() const {
    return owner_ && owner_->mine && newest_ && newest_->is_ending() && tenure_ != newest_ &&
           owner_->created == static_cast<std::int64_t>(newest_->fence());
  }

  EtcdContext& context_;
  Membership& membership_;
  const Observer& observer_;
  const std::string ns_;
  const std::string key_;
  const std::shared_ptr<Outlook> outlook_;
  std::optional<Owner> owner_;  // as of seen_
  std::int64_t seen_ = -1;      // a revision; -1: nothing is known
  bool taking_ = false;         // the answer tells more than the watch
  Place place_ = Place::anywhere;
  bool waits_turn_ = false;  // others take first
  TimePoint rests_until_{};  // likewise
  std::optional<Error> trouble_;
  etcd::EndpointIndex avoid_ = etcd::kAnyEndpoint;
  std::shared_ptr<Tenure> newest_;  // the last ownership, also when it is over
  std::shared_ptr<Tenure> tenure_;
  loop::EventLoop::Timer ready_;
  loop::Event wake_;
  loop::Event moved_;
  loop::WaitList news_;
  Task<void> following_;  // these use all of the above
  Task<void> striving_;
};

}  // namespace sluice::store
