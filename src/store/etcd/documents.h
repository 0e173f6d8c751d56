// SPDX-License-Identifier: Apache-2.0
// SharedDocuments: the documents in etcd, which all processes change. Core-bound.
//
// Every change puts `<prefix>/documents`, and compares its mod revision with the one that it has
// read. So changes come one after another, and a change that is sent twice is made once. The value
// names the last changes, so a sender without an answer finds its own. A watch feeds the log.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "loop/wait_list.h"
#include "store/document_log.h"
#include "store/etcd/context.h"
#include "store/medium.h"

namespace sluice::store {

// The value of `<prefix>/documents`. Plain data; any thread.
struct ChangeList {
  // The changes that are remembered.
  static constexpr std::size_t kMax = 32;
  struct Made {
    RandomId id;
    std::int64_t before = 0;  // the mod revision of the key when the change was made
    bool operator==(const Made&) const = default;
  };
  std::vector<Made> made;

  [[nodiscard]] std::string encode() const;
  // Unreadable lines are left out.
  [[nodiscard]] static ChangeList decode(std::string_view text);
  // With the next change.
  [[nodiscard]] ChangeList with(const RandomId& id, std::int64_t before) const;
  // The revision at which the change was made; none if it is not remembered. `last`: the mod
  // revision of this list.
  [[nodiscard]] std::optional<std::int64_t> find(const RandomId& id, std::int64_t last) const;
};

class SharedDocuments {
 public:
  explicit SharedDocuments(EtcdContext& context);

  // Begins to feed `log`. Once.
  void feed(DocumentLog& log);
  // Medium's functions. `changes` outlive the call.
  [[nodiscard]] Task<Result<Documents>> read(std::string collection);
  [[nodiscard]] Task<std::expected<Version, DocumentFailure>> change(
      std::span<const DocumentChange> changes);
  // etcd is another one than before.
  void forget();

 private:
  struct Found {
    ChangeList list;
    std::int64_t revision = 0;  // of the list
    std::optional<DocumentFailure> mismatch{};
  };
  [[nodiscard]] Task<Result<Found>> look(std::span<const DocumentChange> changes);
  [[nodiscard]] Task<Result<std::optional<DocumentFailure>>> check(
      std::span<const DocumentChange> changes, std::int64_t revision);
  [[nodiscard]] Result<pb::TxnRequest> request(std::span<const DocumentChange> changes,
                                               const Found& found, const RandomId& id) const;
  // The version of the change; none if another change came first.
  [[nodiscard]] Task<Result<std::optional<Version>>> send(const pb::TxnRequest& txn,
                                                          const RandomId& id, TimePoint deadline);
  // Waits until the log has everything up to `version`.
  [[nodiscard]] Task<Result<void>> delivered(Version version);
  [[nodiscard]] Task<void> follow();
  [[nodiscard]] Task<Result<void>> begin_anew();
  [[nodiscard]] Task<void> watch();
  // False: changes are missing.
  [[nodiscard]] bool deliver(const pb::WatchResponse& response);
  void append(std::int64_t revision, const std::vector<DocumentChange>& changes);

  EtcdContext& context_;
  DocumentLog* log_ = nullptr;
  Version newest_ = 0;        // in the log
  std::int64_t next_ = 0;     // the next revision of the watch; 0: read anew
  std::int64_t changes_ = 0;  // the version of the list, as etcd counts its puts
  etcd::EndpointIndex avoid_ = etcd::kAnyEndpoint;
  loop::WaitList news_;
  Task<void> following_;  // last
};

}  // namespace sluice::store
