// SPDX-License-Identifier: Apache-2.0
// AskOwnerOverPort: asks the owner of a namespace, on its cluster port, for the version that it has
// sent last (View::last_sent). For store::EtcdOptions::ask_owner.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "filters/wasm_host/handover/courier.h"
#include "loop/core.h"
#include "loop/task.h"
#include "net/tls/tls_client_context.h"
#include "store/store.h"

namespace sluice::filters {

// A copy begins without connections. One that has been called is destroyed on the thread of its
// core, before the loop.
class AskOwnerOverPort {
 public:
  // As of HandoverOptions::tls.
  explicit AskOwnerOverPort(std::shared_ptr<const net::TlsClientContext> tls)
      : tls_(std::move(tls)) {}
  AskOwnerOverPort(const AskOwnerOverPort& other) : tls_(other.tls_) {}
  AskOwnerOverPort& operator=(const AskOwnerOverPort&) = delete;
  ~AskOwnerOverPort() = default;

  // Error: the owner does not answer, or owns it no more. Requires: always the same core, and all
  // arguments and this outlive the Task.
  [[nodiscard]] Task<Result<store::OwnerAnswer>> operator()(const loop::Core& core,
                                                            const store::Owner& owner,
                                                            const std::string& ns,
                                                            TimePoint deadline) const;

 private:
  std::shared_ptr<const net::TlsClientContext> tls_;
  mutable std::unique_ptr<HttpCourier> courier_;  // made by the first call
};

}  // namespace sluice::filters
