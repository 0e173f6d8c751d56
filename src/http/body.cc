// SPDX-License-Identifier: Apache-2.0
#include "http/body.h"

#include <algorithm>

namespace sluice::http {
namespace {

// A declared length is a claim: no more than this is reserved before bytes came.
constexpr std::uint64_t kReserveBytesMax = std::uint64_t{64} * 1024;

}  // namespace

Task<Result<void>> Body::buffer(std::uint64_t bytes_max) {
  if (length().value_or(0) > bytes_max) {
    co_return fail(ErrorKind::too_large,
                   "body is longer than the limit of " + std::to_string(bytes_max) + " bytes");
  }
  if (!is_stream()) co_return Result<void>{};
  std::string bytes;
  bytes.reserve(std::min(length_.value_or(0), kReserveBytesMax));
  while (true) {
    auto piece = co_await reader_->read();
    if (!piece) co_return std::unexpected(std::move(piece).error());
    if (piece->empty()) break;
    if (piece->size() > bytes_max - bytes.size()) {
      co_return fail(ErrorKind::too_large,
                     "body is longer than the limit of " + std::to_string(bytes_max) + " bytes");
    }
    bytes.append(*piece);
  }
  auto trailers = reader_->take_trailers();
  assign(std::move(bytes));
  trailers_ = std::move(trailers);
  co_return Result<void>{};
}

}  // namespace sluice::http
