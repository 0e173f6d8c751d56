// SPDX-License-Identifier: Apache-2.0
#include "http/body_change.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace sluice::http {
namespace {

// The part of a whole body that is changed before other work runs.
constexpr std::size_t kPieceBytes = std::size_t{32} * 1024;

class ChangedBody final : public BodyReader {
 public:
  ChangedBody(Body source, std::unique_ptr<BodyChange> change)
      : source_(std::move(source)), change_(std::move(change)) {}

  Task<Result<std::string_view>> read() override {
    out_.clear();
    while (out_.empty() && !ended_) {
      const auto piece = co_await source_.reader()->read();
      if (!piece) co_return std::unexpected(piece.error());
      ended_ = piece->empty();
      const Result<void> changed = ended_ ? change_->finish(out_) : change_->change(*piece, out_);
      if (!changed) co_return std::unexpected(changed.error());
    }
    co_return std::string_view(out_);
  }
  std::unique_ptr<Headers> take_trailers() override {
    auto trailers = source_.reader()->take_trailers();
    return trailers ? change_->trailers(std::move(trailers)) : nullptr;
  }

 private:
  Body source_;
  std::unique_ptr<BodyChange> change_;
  std::string out_;
  bool ended_ = false;
};

Task<Result<std::string>> changed(loop::EventLoop& loop, std::string_view bytes,
                                  BodyChange& change) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += kPieceBytes) {
    if (at > 0) co_await loop.yield();
    SLUICE_CO_CHECK(change.change(bytes.substr(at, kPieceBytes), out));
  }
  SLUICE_CO_CHECK(change.finish(out));
  co_return out;
}

}  // namespace

Task<Result<void>> change_body(loop::EventLoop& loop, Body& body,
                               std::unique_ptr<BodyChange> change) {
  if (body.is_stream()) {
    const bool may_be_held = body.may_be_held();
    body = Body(std::make_unique<ChangedBody>(std::exchange(body, Body()), std::move(change)),
                std::nullopt);
    if (may_be_held) body.let_be_held();
    co_return Result<void>();
  }
  auto out = co_await changed(loop, body.bytes(), *change);
  if (!out) {
    body.clear();
    co_return std::unexpected(out.error());
  }
  auto trailers = body.take_trailers();
  if (!out->empty() || !body.bytes().empty()) body.assign(*std::move(out));
  if (trailers) body.set_trailers(change->trailers(std::move(trailers)));
  co_return Result<void>();
}

}  // namespace sluice::http
