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
  // The next bytes, valid until the next call; empty at the end. Errors: `closed` (the peer went
  // away before the end), `invalid` (framing), `timed_out`, `too_large`.
  virtual Task<Result<std::string_view>> read() = 0;
  // Once read() has given the end: the fields that followed (RFC 9110 section 6.5); null: none.
  virtual std::unique_ptr<Headers> take_trailers() { return nullptr; }
};

class Body {
 public:
  Body() = default;
  // A whole body, in memory.
  explicit Body(std::string bytes) : bytes_(std::move(bytes)) {}
  // `length`: bytes to come if known (Content-Length), nullopt if the framing tells the end.
  Body(std::unique_ptr<BodyReader> reader, std::optional<std::uint64_t> length)
      : reader_(std::move(reader)), length_(length) {}

  [[nodiscard]] bool is_stream() const { return reader_ != nullptr; }
  // The bytes of a whole body; empty for a stream.
  [[nodiscard]] std::string_view bytes() const { return shared_ ? *shared_ : bytes_; }
  [[nodiscard]] std::optional<std::uint64_t> length() const {
    return reader_ ? length_ : std::optional<std::uint64_t>(bytes().size());
  }
  // Of a whole body; null: none. Those of a stream come from its reader.
  [[nodiscard]] const Headers* trailers() const { return trailers_.get(); }
  [[nodiscard]] std::unique_ptr<Headers> take_trailers() { return std::move(trailers_); }
  // Of a whole body: `trailers` follow it; null: none do.
  void set_trailers(std::unique_ptr<Headers> trailers) { trailers_ = std::move(trailers); }
  // Of a body that came whole and empty: its message said that one follows, without a length. Some
  // protocols on top tell that from none (gRPC, RFC 9113 section 8.1), so it is passed on like
  // that.
  [[nodiscard]] bool is_announced() const { return announced_; }
  // Something follows the head, be it only the end of a body.
  [[nodiscard]] bool follows_head() const {
    return is_stream() || !bytes().empty() || trailers() != nullptr || announced_;
  }
  // Replaces whatever was there, trailers included; a stream is dropped unread.
  void assign(std::string bytes) {
    shared_.reset();
    trailers_.reset();
    reader_.reset();
    length_.reset();
    may_be_held_ = false;
    announced_ = false;
    charge_.reset();
    bytes_ = std::move(bytes);
  }
  // The same with bytes that many messages have in common: they are not copied.
  void share(std::shared_ptr<const std::string> bytes) {
    clear();
    shared_ = std::move(bytes);
  }
  // Empties it; keeps the capacity for the next message, unless it is large.
  void clear() {
    shared_.reset();
    trailers_.reset();
    reader_.reset();
    length_.reset();
    may_be_held_ = false;
    announced_ = false;
    charge_.reset();
    if (bytes_.capacity() > kKeptBytesMax) std::string().swap(bytes_);
    bytes_.clear();
  }
  [[nodiscard]] BodyReader* reader() { return reader_.get(); }
  // A stream that need not be one: whoever wants the bytes may hold() it. False for a whole body.
  [[nodiscard]] bool may_be_held() const { return reader_ != nullptr && may_be_held_; }
  void let_be_held() { may_be_held_ = true; }
  // Reads a stream on until its end, or until more than `bytes_max` have come. True: it is whole
  // now. False: it is longer, or more than `charge` may be set to, and still a stream that begins
  // with what was read. Errors: the reader's; then the body is lost.
  Task<Result<bool>> hold(std::uint64_t bytes_max, std::shared_ptr<BodyCharge> charge = nullptr);
  // Bytes that this body alone holds.
  [[nodiscard]] std::size_t held_bytes() const { return shared_ || reader_ ? 0 : bytes_.size(); }
  // What the bytes are charged to until somebody else does that, or they go.
  void hold_charge(std::shared_ptr<BodyCharge> charge) { charge_ = std::move(charge); }
  void release_charge() { charge_.reset(); }
  // Makes a stream whole, with its trailers. Error `too_large` beyond `bytes_max`, `unavailable` if
  // `memory` (http/body_memory.h; null: not charged; outlives the call) refuses, else the reader's
  // errors.
  Task<Result<void>> buffer(std::uint64_t bytes_max, BodyMemory* memory = nullptr);

 private:
  static constexpr std::size_t kKeptBytesMax = std::size_t{64} * 1024;

  std::string bytes_;
  std::shared_ptr<const std::string> shared_;  // in place of bytes_ unless null
  std::unique_ptr<BodyReader> reader_;
  std::optional<std::uint64_t> length_;
  std::unique_ptr<Headers> trailers_;
  bool may_be_held_ = false;  // while reader_ is not null
  bool announced_ = false;
  std::shared_ptr<BodyCharge> charge_;
};

}  // namespace sluice::http
