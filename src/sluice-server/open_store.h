// SPDX-License-Identifier: Apache-2.0
// The store that the options name.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "backend/address_book.h"
#include "base/log.h"
#include "base/result.h"
#include "sluice-server/member_tls.h"
#include "sluice-server/options.h"
#include "store/directory_lock.h"
#include "store/store.h"

namespace sluice::server_program {

// Opens the store. On etcd, blocks until this process is a member of its cluster: while etcd cannot
// be reached or cannot write, the log, standard error and the service manager say so, and it tries
// again. `ask_owner`, `reach_member`, `addresses`: as of EtcdOptions. Polls `given_up`, and returns
// null once that returns true. Errors: those of the store that a later try would meet again; they
// name the option at fault.
[[nodiscard]] Result<std::unique_ptr<store::Store>> open_store(
    const Options& options, const MemberTls& tls, unsigned cores, const Logger& logger,
    store::AskOwner ask_owner, store::ReachMember reach_member,
    const std::function<bool()>& given_up, std::shared_ptr<backend::AddressBook> addresses);

// Returns once etcd has answered a read, at once if the store is not on etcd. A new process asks
// before the old one gives up its store: it could not open its own, and requests would wait for it.
// `addresses`: keeps what is found, for open_store().
[[nodiscard]] Result<void> await_answer_of_store(const Options& options, const MemberTls& tls,
                                                 std::shared_ptr<backend::AddressBook> addresses);

// The directories that this process has alone.
struct DirectoryLocks {
  store::DirectoryLock home;
  std::optional<store::DirectoryLock> data;  // none: the store does it
};
// `conflict`: another process has one of them.
[[nodiscard]] Result<std::optional<DirectoryLocks>> lock_directories(const Options& options);

// The store that a hot restart goes on with: "embedded", or the cluster and the name of the member.
[[nodiscard]] std::string store_identity(const Options& options);
// The options because of which store_identity() is not `before`, that of another process:
// "cluster-name, name". Requires: it is not.
[[nodiscard]] std::string changed_store_options(const Options& options, const std::string& before);

// The options of the store on etcd.
[[nodiscard]] store::EtcdOptions etcd_options(const Options& options, const MemberTls& tls);

}  // namespace sluice::server_program
