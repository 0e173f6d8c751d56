// SPDX-License-Identifier: Apache-2.0
#include "store/blobs.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/encoding.h"

namespace sluice::store {
namespace {

constexpr const char* kBytesField = "bytes";
constexpr const char* kPiecesField = "pieces";
// A step that others overtake is repeated. Each repetition means that another member has done one.
constexpr int kOvertakenMax = 1000;

std::string pieces_of(const std::string& sha256) {
  return std::string(Blobs::kIndexes) + "/" + sha256;
}

// The keys of pieces sort like their numbers.
std::string piece_key(std::size_t number) {
  const std::string digits = std::to_string(number);
  constexpr std::size_t kDigits = 4;
  return std::string(kDigits - std::min(kDigits, digits.size()), '0') + digits;
}

std::size_t pieces_for(std::size_t bytes) {
  return (bytes + Blobs::kPieceBytes - 1) / Blobs::kPieceBytes;
}

}  // namespace

bool Blobs::Index::is_complete() const { return version != 0 && pieces >= pieces_for(bytes); }

Blobs::Index Blobs::decode(const Document& document) {
  const Json value = Json::parse(document.value, nullptr, false);
  Index index;
  index.version = document.version;
  if (!value.is_object()) return index;
  index.bytes = value.value(kBytesField, std::size_t{0});
  index.pieces = value.value(kPiecesField, std::size_t{0});
  return index;
}

DocumentChange Blobs::change_of(const std::string& sha256, const Index& index) {
  const Json value = {{kBytesField, index.bytes}, {kPiecesField, index.pieces}};
  return {std::string(kIndexes), sha256, value.dump(), index.version};
}

Blobs::Index Blobs::find_in(const Documents& indexes, const std::string& sha256) {
  const auto found = std::ranges::find(indexes.entries, sha256, &Document::key);
  return found != indexes.entries.end() ? decode(*found) : Index();
}

Result<Blobs::Index> Blobs::find(const std::string& sha256) {
  SLUICE_TRY(const Documents indexes, store_.documents(kIndexes));
  return find_in(indexes, sha256);
}

Result<void> Blobs::check_room(const Documents& indexes, const std::string& sha256,
                               std::size_t bytes) {
  std::size_t all = bytes;
  for (const Document& document : indexes.entries) {
    if (document.key != sha256) all += std::min(decode(document).bytes, kBytesMax);
  }
  if (all <= kAllBytesMax) return {};
  return fail(ErrorKind::too_large,
              "the code in the store of this cluster would have more than " +
                  std::to_string(kAllBytesMax >> 20) +
                  " MiB: what no object uses and no history has is cleared after 10 minutes");
}

Result<void> Blobs::put(const std::string& sha256, std::string_view bytes) {
  if (bytes.size() > kBytesMax) {
    return fail(ErrorKind::too_large, "code of more than " + std::to_string(kBytesMax >> 20) +
                                          " MiB does not fit the store of a cluster");
  }
  SLUICE_TRY(const Documents indexes, store_.documents(kIndexes));
  Index index = find_in(indexes, sha256);
  if (!index.is_complete()) SLUICE_CHECK(check_room(indexes, sha256, bytes.size()));
  for (int overtaken = 0; !index.is_complete() || index.bytes != bytes.size();) {
    if (index.bytes != bytes.size()) index.pieces = 0;
    index.bytes = bytes.size();
    const std::size_t number = index.pieces;
    const std::string_view piece = bytes.substr(number * kPieceBytes, kPieceBytes);
    ++index.pieces;
    const std::vector<DocumentChange> changes{
        change_of(sha256, index), {pieces_of(sha256), piece_key(number), std::string(piece), {}}};
    const auto made = store_.change_documents(changes);
    if (made) {
      index.version = *made;
      continue;
    }
    if (!made.error().mismatch || ++overtaken > kOvertakenMax)
      return std::unexpected<Error>(made.error());
    SLUICE_TRY(index, find(sha256));
  }
  return {};
}

Result<std::string> Blobs::load(const std::string& sha256) {
  SLUICE_TRY(const Index index, find(sha256));
  const std::string name = "code " + sha256;
  if (!index.is_complete()) return fail(ErrorKind::not_found, name + " is not in the store");
  SLUICE_TRY(const Documents pieces, store_.documents(pieces_of(sha256)));
  std::string bytes;
  bytes.reserve(std::min(index.bytes, kBytesMax));
  for (const Document& piece : pieces.entries) bytes += piece.value;
  if (sha256_hex(bytes) == sha256) return bytes;
  return fail(ErrorKind::internal, name + " is damaged in the store");
}

Result<DocumentChange> Blobs::hold(const std::string& sha256) {
  SLUICE_TRY(const Index index, find(sha256));
  if (index.is_complete()) return change_of(sha256, index);
  return fail(ErrorKind::not_found, "code " + sha256 + " is not in the store");
}

Result<void> Blobs::clear_unused(const Documents& indexes, const std::set<std::string>& used,
                                 UnusedBlobs& unused, Duration grace) {
  const TimePoint now = Clock::now();
  UnusedBlobs still;
  for (const Document& document : indexes.entries) {
    if (used.contains(document.key)) continue;
    const auto before = unused.find(document.key);
    const bool known = before != unused.end() && before->second.version == document.version;
    const Unused since = known ? before->second : Unused{now, document.version};
    if (now - since.since < grace) {
      still.emplace(document.key, since);
      continue;
    }
    SLUICE_CHECK(clear_one(document.key, decode(document)));
  }
  unused = std::move(still);
  return {};
}

Result<void> Blobs::clear_one(const std::string& sha256, const Index& index) {
  std::vector<DocumentChange> changes{change_of(sha256, index)};
  changes.front().value.reset();
  const std::size_t pieces = std::min(index.pieces, pieces_for(kBytesMax));
  for (std::size_t i = 0; i < pieces; ++i)
    changes.push_back({pieces_of(sha256), piece_key(i), std::nullopt, {}});
  const auto made = store_.change_documents(changes);
  if (made || made.error().mismatch) return {};  // with a mismatch, it is used or put again
  return std::unexpected<Error>(made.error());
}

}  // namespace sluice::store
