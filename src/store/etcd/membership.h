// SPDX-License-Identifier: Apache-2.0
// Membership: this process in its cluster: the record of the cluster, the lease, `members/<name>`.
// Core-bound.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/etcd/context.h"

namespace sluice::store {

class Membership {
 public:
  struct Terms {
    std::string cluster;  // its name
    Duration permit{};    // of a new cluster
    Duration lease{};     // asked for; etcd may grant more
    EtcdOptions::Expected expected{};
    std::size_t endpoints = 1;         // of etcd
    std::function<bool()> given_up{};  // or null
  };
  Membership(EtcdContext& context, Terms terms);

  // Joins the cluster, and creates it if there is none and none is expected. Once. Errors:
  // `not_found` if one is expected, `conflict` for another
  // cluster or format in the prefix, and for a name in use; `invalid` for an etcd that is too old
  // or that does not take the transactions of a full group; errors of etcd.
  [[nodiscard]] Task<Result<void>> join();
  // Ends the lease, and with it everything that the process has in etcd.
  [[nodiscard]] Task<void> leave();
  // Store::purge_member.
  [[nodiscard]] Task<Result<void>> purge(std::string name);

  // Ok if the cluster in etcd is the one that this process has joined. `conflict`: it was removed,
  // or made anew.
  [[nodiscard]] Task<Result<void>> confirm_cluster();
  // "", or the reason why this process has no lease.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

  // The lease of this process; 0 while it has none.
  [[nodiscard]] std::int64_t lease() const { return lease_; }
  // The number of members that take `ns` before this one (rendezvous hashing). One that does not
  // follow it would have to read it all first, so it comes after the others.
  [[nodiscard]] Task<Result<std::size_t>> rank(std::string_view ns, bool follows);
  // 0 in the first place. Pure: any thread.
  [[nodiscard]] static std::size_t rank_of(std::string_view me,
                                           const std::vector<std::string>& members,
                                           std::string_view ns);
  // The keys of the members, but for the one that has released the namespace: it stops, or leaves
  // the namespace to the others. Pure: any thread.
  [[nodiscard]] static std::vector<std::string> takers(const pb::RangeResponse& members,
                                                       const pb::RangeResponse& released);

 private:
  // Sends it again, for a while, after failures that may heal. Requires: `request` outlives this.
  [[nodiscard]] Task<etcd::CallReply<pb::TxnResponse>> txn(const pb::TxnRequest& request);
  [[nodiscard]] bool given_up() const;
  [[nodiscard]] Task<Result<void>> check_version();
  // Two clusters whose prefixes overlap take keys of each other for their own.
  [[nodiscard]] Task<Result<void>> check_around();
  [[nodiscard]] Task<Result<void>> check_inside();
  [[nodiscard]] Task<Result<void>> find_cluster();
  [[nodiscard]] std::unexpected<Error> missing_cluster() const;
  [[nodiscard]] Result<void> check_expected(const ClusterRecord& found) const;
  [[nodiscard]] Task<Result<void>> check_size();
  [[nodiscard]] Task<Result<void>> grant();
  // The same at the start, after the lease has ended for the `lost`th time before it was used.
  [[nodiscard]] Task<Result<void>> grant_again(int lost);
  // True: the name is this process's. False: another process has it, or (lease_ is 0 then) the
  // lease has ended.
  [[nodiscard]] Task<Result<bool>> register_name();
  [[nodiscard]] Task<std::string> find_holder(TimePoint until);
  [[nodiscard]] Task<Result<void>> register_first();
  [[nodiscard]] Task<void> keep_alive();
  // One try after the lease has ended; a pause if it fails.
  [[nodiscard]] Task<void> join_again();
  // One renewal. False: the lease is gone.
  [[nodiscard]] Task<bool> renew();

  EtcdContext& context_;
  const Terms terms_;
  std::int64_t lease_ = 0;
  std::string trouble_;
  TimePoint complains_from_{};  // of join_again(): the name is in use
  Duration ttl_{};              // granted
  Task<void> keeping_;          // last: it uses all of the above
};

}  // namespace sluice::store
