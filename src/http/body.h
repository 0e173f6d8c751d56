// SPDX-License-Identifier: Apache-2.0
// The body of a message: absent, whole in memory, or a stream with back-pressure (nothing is read
// from the peer until read() is awaited). Core-bound, one owner.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/headers.h"
#include "loop/task.h"

namespace sluice::http {

struct BodyMemory;
class BodyCharge;

class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // Returns the next bytes, valid until the next call; empty at the end. Errors: `closed` (the peer
  // left before the end), `invalid` (framing), `timed_out`, `too_large`.
  virtual Task<Result<std::string_view>> read() = 0;
  // Returns the trailers (RFC 9110 section 6.5); null: none. Requires: read() has returned the end.
  virtual std::unique_ptr<Headers> take_trailers() { return nullptr; }
};

class Body {
 public:
  Body() = default;
  // A whole body, held in memory.
  explicit Body(std::string bytes) : bytes_(std::move(bytes)) {}
  // `length`: the bytes to come if known (Content-Length), nullopt if the framing marks the end.
  Body(std::unique_ptr<BodyReader> reader, std::optional<std::uint64_t> length)
      : reader_(std::move(reader)), length_(length) {}

  [[nodiscard]] bool is_stream() const { return reader_ != nullptr; }
  // The bytes of a whole body; empty for a streamed one.
  [[nodiscard]] std::string_view bytes() const { return shared_ ? *shared_ : bytes_; }
  [[nodiscard]] std::optional<std::uint64_t> length() const {
    return reader_ ? length_ : std::optional<std::uint64_t>(bytes().size());
  }
  // The trailers of a whole body; null: none. Those of a streamed body come from its reader.
  [[nodiscard]] const Headers* trailers() const { return trailers_.get(); }
  [[nodiscard]] std::unique_ptr<Headers> take_trailers() { return std::move(trailers_); }
  // Sets the trailers of a whole body; null: none.
  void set_trailers(std::unique_ptr<Headers> trailers) { trailers_ = std::move(trailers); }
  // True for a whole, empty body whose message announced a body without a length. Some protocols on
  // top (gRPC, RFC 9113 section 8.1) distinguish it from no body, so it is passed on as announced.
  [[nodiscard]] bool is_announced() const { return announced_; }
  // True if a body follows the head, even an empty one.
  [[nodiscard]] bool follows_head() const {
    return is_stream() || !bytes().empty() || trailers() != nullptr || announced_;
  }
  // Replaces the body and its trailers. A stream is dropped unread.
  void assign(std::string bytes) {
    shared_.reset();
    trailers_.reset();
    reader_.reset();
    length_.reset();
    may_be_held_ = false;
    announced_ = false;
    shares_own_ = false;
    charge_.reset();
    bytes_ = std::move(bytes);
  }
  // Like assign(), with bytes that many messages share: they are not copied.
  void share(std::shared_ptr<const std::string> bytes) {
    clear();
    shared_ = std::move(bytes);
  }
  // Returns the bytes of a whole body, which this one and others share from now on. Null: a stream.
  [[nodiscard]] std::shared_ptr<const std::string> share_whole();
  // Empties the body. Keeps the capacity for the next message, unless it is large.
  void clear() {
    shared_.reset();
    trailers_.reset();
    reader_.reset();
    length_.reset();
    may_be_held_ = false;
    announced_ = false;
    shares_own_ = false;
    charge_.reset();
    if (bytes_.capacity() > kKeptBytesMax) std::string().swap(bytes_);
    bytes_.clear();
  }
  [[nodiscard]] BodyReader* reader() { return reader_.get(); }
  // True for a streamed body that a caller may hold(). False for a whole body.
  [[nodiscard]] bool may_be_held() const { return reader_ != nullptr && may_be_held_; }
  // Permits hold(). Requires: a streamed body.
  void let_be_held() { may_be_held_ = true; }
  // Reads a stream to its end, or until more than `bytes_max` have arrived. Returns true if the
  // body is whole now. Returns false if it is longer, or exceeds the limit of `charge`: it is still
  // a stream, which begins with the bytes read. Errors: those of the reader; the body is then lost.
  Task<Result<bool>> hold(std::uint64_t bytes_max, std::shared_ptr<BodyCharge> charge = nullptr);
  // The bytes that this body holds. Those of share() belong to another one.
  [[nodiscard]] std::size_t held_bytes() const {
    return reader_ || (shared_ && !shares_own_) ? 0 : bytes().size();
  }
  // Keeps the charge for the bytes until release_charge(), or until the bytes are dropped.
  void hold_charge(std::shared_ptr<BodyCharge> charge) { charge_ = std::move(charge); }
  void release_charge() { charge_.reset(); }
  // Reads a stream and its trailers into memory. Errors: `too_large` beyond `bytes_max`,
  // `unavailable` if `memory` refuses (http/body_memory.h; null: not charged), else those of the
  // reader. Requires: `memory` outlives the call.
  Task<Result<void>> buffer(std::uint64_t bytes_max, BodyMemory* memory = nullptr);

 private:
  static constexpr std::size_t kKeptBytesMax = std::size_t{64} * 1024;

  std::string bytes_;
  std::shared_ptr<const std::string> shared_;  // replaces bytes_ unless null
  std::unique_ptr<BodyReader> reader_;
  std::optional<std::uint64_t> length_;
  std::unique_ptr<Headers> trailers_;
  bool may_be_held_ = false;  // while reader_ is not null
  bool announced_ = false;
  bool shares_own_ = false;  // the bytes of shared_ were its own
  std::shared_ptr<BodyCharge> charge_;
};

}  // namespace sluice::http
