// SPDX-License-Identifier: Apache-2.0
// The objects of EtcdMedium that belong to its thread.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "store/etcd/checked_kv.h"
#include "store/etcd/claim.h"
#include "store/etcd/documents.h"
#include "store/etcd/etcd_medium.h"
#include "store/etcd/membership.h"

namespace sluice::store {

struct EtcdMedium::Parts {
  Parts(EtcdMedium& medium, const Keys& keys, std::unique_ptr<Kv> client);

  [[nodiscard]] Claim& claim(const std::string& ns);
  // Null if the journal knows no ownership of the namespace.
  [[nodiscard]] std::shared_ptr<Tenure> tenure(std::string_view ns) const;
  [[nodiscard]] Task<Result<void>> write(std::span<Batch> group);
  [[nodiscard]] Task<Result<void>> write_one(Batch& batch);
  [[nodiscard]] Task<Result<bool>> stage(std::string_view ns, Bulk& bulk);
  [[nodiscard]] Task<Result<bool>> finish_some();
  [[nodiscard]] Task<Result<pb::RangeResponse>> range(const pb::RangeRequest& request);
  [[nodiscard]] Task<Result<void>> check();
  [[nodiscard]] Task<void> leave();
  void on_other_cluster();

  CheckedKv kv;
  EtcdContext context;
  Membership membership;
  SharedDocuments documents;
  std::map<std::string, std::unique_ptr<Claim>, std::less<>> claims;
};

}  // namespace sluice::store
