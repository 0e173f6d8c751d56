// SPDX-License-Identifier: Apache-2.0
// The messages with which a member hands a call of the API over to the owner of the data: a line of
// JSON, then bytes. Plain data; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "admin/message.h"
#include "base/result.h"

namespace sluice::admin {

// The first line of a message is not longer.
inline constexpr std::size_t kHandedLineMax = std::size_t{64} << 10;
// The most bytes of a body in one message.
inline constexpr std::size_t kHandedPieceBytes = std::size_t{1} << 20;

// A call has one begin, pieces of its body, and one end, all with the same id and numbered from 0.
// It takes effect at its end. A drop, or a piece that is refused, ends it without effect. A step
// that comes twice counts once.
struct HandedStep {
  enum class Kind { begin, piece, end, drop };
  Kind kind = Kind::begin;
  std::string id;  // of the call
  std::uint64_t number = 0;
  std::string from;  // the member; with `begin`, like the next three
  std::string method;
  std::string target;
  std::string accept;
  std::string_view body;  // with `piece`

  [[nodiscard]] std::string encode() const;
  // `body` points into `message`. Error `invalid`.
  [[nodiscard]] static Result<HandedStep> decode(std::string_view message);
};

// The answer to a step.
struct HandedReply {
  bool again = false;  // nothing was done: this member does not own the data, or is about to stop
  ApiResponse response;

  [[nodiscard]] std::string encode() const;
  [[nodiscard]] static Result<HandedReply> decode(std::string_view message);
};

}  // namespace sluice::admin
