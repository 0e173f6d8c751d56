// SPDX-License-Identifier: Apache-2.0
// The client of a store on etcd, and a try of its certificates, user and password.
#pragma once

#include <memory>

#include "base/result.h"
#include "etcd/client.h"
#include "loop/core.h"
#include "store/store.h"

namespace sluice::store {

// As etcd::Client::make().
[[nodiscard]] Result<std::unique_ptr<etcd::Client>> make_etcd_client(const loop::Core& core,
                                                                     const EtcdOptions& options);

// Reads a key with connections of its own, in at most `patience`, each time in at most kTryMax.
// Blocks; not for a core. Error: etcd does not admit the options, or does not answer.
inline constexpr Duration kTryMax = std::chrono::seconds(5);
[[nodiscard]] Result<void> try_etcd(const EtcdOptions& options, Duration patience = kTryMax);

}  // namespace sluice::store
