// SPDX-License-Identifier: Apache-2.0
// PieceReader: the body of a response on its way through the guest, piece by piece. The guest may
// hold pieces back, up to maxBodySize, until it has seen enough. Core-bound.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "filters/proxy_wasm/stream.h"
#include "http/body.h"
#include "http/body_memory.h"

namespace sluice::filters::proxy_wasm {

// The guest's side of it.
class PieceTaker {
 public:
  // Hands `size` bytes to the guest. Returns false if it holds them back.
  [[nodiscard]] virtual Task<Result<bool>> take_piece(std::shared_ptr<Stream> stream,
                                                      std::uint32_t size, bool last) = 0;
  [[nodiscard]] virtual Task<Result<void>> take_trailers(std::shared_ptr<Stream> stream) = 0;
  // Counts and logs why the guest did not do its part.
  virtual void note_failure(const Error& error) = 0;

 protected:
  ~PieceTaker() = default;
};

class PieceReader final : public http::BodyReader {
 public:
  // `source`: a streamed body. `bytes_max`: that the guest may hold back. Requires: `guest`
  // outlives this.
  PieceReader(PieceTaker& guest, std::shared_ptr<Stream> stream, http::Body source,
              std::uint64_t bytes_max);
  ~PieceReader() override;
  Task<Result<std::string_view>> read() override;
  std::unique_ptr<http::Headers> take_trailers() override { return std::move(trailers_); }

 private:
  // Hands held_ to the guest. True: held_ is what goes on.
  [[nodiscard]] Task<Result<bool>> ask_guest(bool last);
  [[nodiscard]] Task<Result<void>> end();
  // Error `unavailable`: no memory for held_.
  [[nodiscard]] Result<void> charge();

  PieceTaker& guest_;
  const std::shared_ptr<Stream> stream_;
  http::Body source_;
  const std::uint64_t bytes_max_;
  std::shared_ptr<http::BodyCharge> charge_{};  // for held_
  std::string held_;
  bool was_read_ = false;  // held_ has been returned
  bool ended_ = false;
  std::unique_ptr<http::Headers> trailers_;
};

}  // namespace sluice::filters::proxy_wasm
