// SPDX-License-Identifier: Apache-2.0
// Blobs: bytes that the members of a cluster share, by their hash, among the documents of a store.
//   blobs/<sha256>          the index: {"bytes", "pieces"}, the size and the number of pieces there
//   blobs/<sha256> / <n>    piece n, in a collection of its own
//
// A blob is there if its index counts all pieces. Each piece comes with the index that counts it,
// and expects the version of the index before. So members that put or clear the same blob at the
// same time take turns, and no piece stays behind without an index.
//
// A change that names a blob includes hold(), which puts the index again. So a blob is not cleared
// between the look at it and the change, and a change that came first makes clear() give up.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "store/store.h"

namespace sluice::store {

class Blobs {
 public:
  static constexpr std::size_t kPieceBytes = 900'000;  // fits a transaction of etcd
  // All pieces fit one answer of etcd, of 64 MiB.
  static constexpr std::size_t kBytesMax = std::size_t{48} << 20;
  // Of all blobs together: half of the default quota of etcd. Members that put at the same time may
  // pass it by what they put.
  static constexpr std::size_t kAllBytesMax = std::size_t{1} << 30;
  static constexpr std::string_view kIndexes = "blobs";  // the collection of the indexes

  // Requires: `store` outlives this. Any thread but a worker's; all functions block.
  explicit Blobs(Store& store) : store_(store) {}

  // Durable on return. Errors: `too_large` over kBytesMax, or if all would have more than
  // kAllBytesMax, and those of the store. Requires: the hash is that of the bytes.
  [[nodiscard]] Result<void> put(const std::string& sha256, std::string_view bytes);
  // Checks the hash. Errors: `not_found`, `internal` if the bytes are damaged, those of the store.
  [[nodiscard]] Result<std::string> load(const std::string& sha256);
  // A part of the change that names the blob: see above. Error `not_found`.
  [[nodiscard]] Result<DocumentChange> hold(const std::string& sha256);

  // When a blob was first seen unused, and the version of its index then. Kept from one clear() to
  // the next.
  struct Unused {
    TimePoint since;
    Version version;
  };
  using UnusedBlobs = std::map<std::string, Unused>;
  // Clears the blobs that are not `used`, and have been neither used nor put for `grace`.
  // `list_used` is called after the blobs have been listed.
  template <class ListUsed>
  [[nodiscard]] Result<void> clear(UnusedBlobs& unused, Duration grace, const ListUsed& list_used) {
    SLUICE_TRY(const Documents indexes, store_.documents(kIndexes));
    SLUICE_TRY(const std::set<std::string> used, list_used());
    return clear_unused(indexes, used, unused, grace);
  }

 private:
  struct Index {
    std::size_t bytes = 0;
    std::size_t pieces = 0;
    Version version = 0;  // 0: there is none
    [[nodiscard]] bool is_complete() const;
  };
  // Error `too_large`: there is no room for so many bytes beside the other blobs.
  [[nodiscard]] static Result<void> check_room(const Documents& indexes, const std::string& sha256,
                                               std::size_t bytes);
  [[nodiscard]] static Index find_in(const Documents& indexes, const std::string& sha256);
  [[nodiscard]] static Index decode(const Document& document);
  [[nodiscard]] static DocumentChange change_of(const std::string& sha256, const Index& index);
  [[nodiscard]] Result<Index> find(const std::string& sha256);
  [[nodiscard]] Result<void> clear_unused(const Documents& indexes,
                                          const std::set<std::string>& used, UnusedBlobs& unused,
                                          Duration grace);
  [[nodiscard]] Result<void> clear_one(const std::string& sha256, const Index& index);

  Store& store_;
};

}  // namespace sluice::store
