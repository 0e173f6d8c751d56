// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy_wasm/piece_reader.h"

#include <utility>

namespace sluice::filters::proxy_wasm {

PieceReader::PieceReader(PieceTaker& guest, std::shared_ptr<Stream> stream, http::Body source,
                         std::uint64_t bytes_max)
    : guest_(guest),
      stream_(std::move(stream)),
      source_(std::move(source)),
      bytes_max_(bytes_max) {}

// A callback may still run.
PieceReader::~PieceReader() { stream_->response_body.reset(); }

Task<Result<std::string_view>> PieceReader::read() {
  if (std::exchange(was_read_, false)) held_.clear();
  while (!ended_) {
    auto reading = source_.reader()->read();
    const auto piece = co_await std::move(reading);
    if (!piece) co_return std::unexpected(piece.error());
    const bool last = piece->empty();
    held_.append(*piece);
    if (held_.size() > bytes_max_) {
      co_return fail(ErrorKind::too_large,
                     "the guest holds back more than maxBodySize of the response");
    }
    auto asking = ask_guest(last);
    SLUICE_CO_TRY(const bool go_on, co_await std::move(asking));
    if (last) {
      ended_ = true;
      auto ending = end();
      SLUICE_CO_CHECK(co_await std::move(ending));
    }
    if (go_on && !held_.empty()) break;
  }
  was_read_ = true;
  co_return std::string_view(held_);
}

Task<Result<bool>> PieceReader::ask_guest(bool last) {
  stream_->response_body = EditedBytes{held_};
  auto taking = guest_.take_piece(stream_, static_cast<std::uint32_t>(held_.size()), last);
  const auto go_on = co_await std::move(taking);
  if (stream_->response_body && stream_->response_body->made)
    held_ = *std::move(stream_->response_body->made);
  stream_->response_body.reset();
  if (!go_on) guest_.note_failure(go_on.error());
  co_return go_on;
}

Task<Result<void>> PieceReader::end() {
  stream_->response_trailers = source_.reader()->take_trailers();
  if (stream_->response_trailers) {
    auto tail = guest_.take_trailers(stream_);
    SLUICE_CO_CHECK(co_await std::move(tail));
  }
  trailers_ = std::move(stream_->response_trailers);
  if (trailers_ && trailers_->empty()) trailers_.reset();
  co_return Result<void>();
}

}  // namespace sluice::filters::proxy_wasm
