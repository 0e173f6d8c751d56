// SPDX-License-Identifier: Apache-2.0
#include "wasm/snapshot.h"

#include <algorithm>
#include <cstddef>

namespace sluice::wasm {
namespace {

// A page of the machine: restoring a byte costs a page.
constexpr std::size_t kPieceBytes = 4096;

bool is_zero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == std::string_view::npos;
}

bool is_same(std::string_view before, std::string_view after, std::size_t at) {
  const std::string_view now = after.substr(at, kPieceBytes);
  if (at >= before.size()) return is_zero(now);
  return before.substr(at, kPieceBytes) == now;
}

}  // namespace

std::vector<Snapshot::Piece> differing_pieces(std::string_view before, std::string_view after) {
  std::vector<Snapshot::Piece> pieces;
  for (std::size_t at = 0; at < after.size(); at += kPieceBytes) {
    if (is_same(before, after, at)) continue;
    const std::string_view bytes = after.substr(at, kPieceBytes);
    const bool follows =
        !pieces.empty() && pieces.back().address + pieces.back().bytes.size() == at;
    if (!follows) pieces.push_back({static_cast<std::uint32_t>(at), {}});
    pieces.back().bytes += bytes;
  }
  return pieces;
}

}  // namespace sluice::wasm
