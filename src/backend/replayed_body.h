// SPDX-License-Identifier: Apache-2.0
// ReplayedBody: a streamed request body that can be sent again from its beginning, while only a
// small part of it has been read. Used for requests that a backend has refused unprocessed.
// Core-bound.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "http/body.h"

namespace sluice::backend {

class ReplayedBody {
 public:
  static constexpr std::size_t kBytesMax = std::size_t{64} * 1024;

  // Takes over a stream.
  explicit ReplayedBody(http::Body body)
      : recording_(std::make_shared<Recording>(std::move(body))) {}
  // The body from its beginning. Requires: may_replay(), and the previously returned body is
  // destroyed.
  [[nodiscard]] http::Body body() const {
    return {std::make_unique<Reader>(recording_), recording_->body.length()};
  }
  // True if the body is still kept from its beginning: at most kBytesMax have been read.
  [[nodiscard]] bool may_replay() const { return !recording_->beyond; }
  // The response has begun: drops the kept part.
  void settle() const {
    recording_->beyond = true;
    if (recording_->idle) std::string().swap(recording_->kept);
  }

 private:
  struct Recording {
    explicit Recording(http::Body its_body) : body(std::move(its_body)) {}
    http::Body body;
    std::string kept;
    bool beyond = false;  // more has been read than was kept
    bool ended = false;
    bool idle = true;  // `kept` has no reader
  };
  class Reader final : public http::BodyReader {
   public:
    explicit Reader(std::shared_ptr<Recording> recording) : recording_(std::move(recording)) {}
    Task<Result<std::string_view>> read() override {
      Recording& recording = *recording_;
      if (!std::exchange(begun_, true) && !recording.kept.empty()) {
        recording.idle = false;
        co_return std::string_view(recording.kept);
      }
      recording.idle = true;
      if (recording.ended) co_return std::string_view();
      auto piece = co_await recording.body.reader()->read();
      if (!piece) {
        recording.beyond = true;  // the client's fault: a repeat would lack the body
        co_return piece;
      }
      recording.ended = piece->empty();
      if (recording.beyond) co_return piece;
      if (recording.kept.size() + piece->size() > kBytesMax) {
        recording.beyond = true;
        std::string().swap(recording.kept);
      } else {
        recording.kept.append(*piece);
      }
      co_return piece;
    }
    std::unique_ptr<http::Headers> take_trailers() override {
      auto trailers = recording_->body.reader()->take_trailers();
      if (trailers) recording_->beyond = true;  // trailers can be read only once
      return trailers;
    }

   private:
    std::shared_ptr<Recording> recording_;
    bool begun_ = false;
  };

  std::shared_ptr<Recording> recording_;
};

}  // namespace sluice::backend
