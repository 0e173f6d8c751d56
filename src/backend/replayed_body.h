// SPDX-License-Identifier: Apache-2.0
// ReplayedBody: a streamed request body that can be sent again from its beginning, as long as not
// more than a little of it has been read: for requests that a backend has refused unseen.
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

  // Takes a stream.
  explicit ReplayedBody(http::Body body) : source_(std::make_shared<Source>(std::move(body))) {}
  // The body from its beginning. Requires: may_replay(), and the one made before is gone.
  [[nodiscard]] http::Body body() const {
    return {std::make_unique<Reader>(source_), source_->body.length()};
  }
  [[nodiscard]] bool may_replay() const { return !source_->beyond; }
  // The response has begun: what was kept is not needed any more.
  void settle() const {
    source_->beyond = true;
    if (source_->idle) std::string().swap(source_->kept);
  }

 private:
  struct Source {
    explicit Source(http::Body its_body) : body(std::move(its_body)) {}
    http::Body body;
    std::string kept;
    bool beyond = false;  // more has been read than is kept
    bool ended = false;
    bool idle = true;  // nobody reads from `kept`
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
        source.beyond = true;  // the client's fault: there is nothing to send again
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
      if (trailers) source_->beyond = true;  // they come once
      return trailers;
    }

   private:
    std::shared_ptr<Source> source_;
    bool begun_ = false;
  };

  std::shared_ptr<Source> source_;
};

}  // namespace sluice::backend
