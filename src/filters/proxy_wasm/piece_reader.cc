// SPDX-License-Identifier: Apache-2.0
#include "filters/proxy_wasm/piece_reader.h"

#include <utility>

#include "filters/proxy_wasm/limits.h"

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
    SLUICE_CO_CHECK(charge());
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

Result<void> PieceReader::charge() {
  if (!stream_->memory || held_.size() <= http::kUnchargedMadeBytesMax) return {};
  if (!charge_) charge_ = std::make_shared<http::BodyCharge>(stream_->memory);
  if (charge_->try_set(held_.capacity())) return {};
  auto failure =
      fail(ErrorKind::unavailable, "no memory for what the guest holds back of the response");
  guest_.note_failure(failure.error());
  return failure;
}

Task<Result<bool>> PieceReader::ask_guest(bool last) {
  const std::shared_ptr<Stream> stream = stream_;  // outlives `shown`
  const Shown shown(stream->response_body, held_);
  auto taking = guest_.take_piece(stream_, static_cast<std::uint32_t>(held_.size()), last);
  const auto go_on = co_await std::move(taking);
  if (stream->response_body && stream->response_body->made)
    held_ = stream->response_body->made->take();
  if (!go_on) guest_.note_failure(go_on.error());
  if (go_on) SLUICE_CO_CHECK(charge());
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
