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
  explicit ReplayedBody(http::Body body) : source_(std::make_shared<Source>(std::move(body))) {}
  // The body from its beginning. Requires: may_replay(), and the previously returned body is
  // destroyed.
  [[nodiscard]] http::Body body() const {
    return {std::make_unique<Reader>(source_), source_->body.length()};
  }
  [[nodiscard]] bool may_replay() const { return !source_->beyond; }
  // The response has begun: drops the kept part.
  void settle() const {
    source_->beyond = true;
    if (source_->idle) std::string().swap(source_->kept);
  }

 private:
  struct Source {
    explicit Source(http::Body its_body) : body(std::move(its_body)) {}
    http::Body body;
    std::string kept;
    bool beyond = false;  // more has been read than was kept
    bool ended = false;
    bool idle = true;  // `kept` has no reader
  };
  class Reader final : public http::BodyReader {
   public:
    explicit Reader(std::shared_ptr<Source> source) : source_(std::move(source)) {}
    Task<Result<std::string_view>> read() override {
      Source& source = *source_;
      if (!std::exchange(begun_, true) && !source.kept.empty()) {
        source.idle = false;
        co_return std::string_view(source.kept);
      }
      source.idle = true;
      if (source.ended) co_return std::string_view();
      auto piece = co_await source.body.reader()->read();
      if (!piece) {
        source.beyond = true;  // the client's fault: a repeat would lack the body
        co_return piece;
      }
      source.ended = piece->empty();
      if (source.beyond) co_return piece;
      if (source.kept.size() + piece->size() > kBytesMax) {
        source.beyond = true;
        std::string().swap(source.kept);
      } else {
        source.kept.append(*piece);
      }
      co_return piece;
    }
    std::unique_ptr<http::Headers> take_trailers() override {
      auto trailers = source_->body.reader()->take_trailers();
      if (trailers) source_->beyond = true;  // trailers can be read only once
      return trailers;
    }

   private:
    std::shared_ptr<Source> source_;
    bool begun_ = false;
  };

  std::shared_ptr<Source> source_;
};

}  // namespace sluice::backend
