// SPDX-License-Identifier: Apache-2.0
// Changes a body as it flows, for filters that inspect or rewrite bodies.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/body.h"
#include "loop/event_loop.h"

namespace sluice::http {

// The change of one body. Core-bound.
class BodyChange {
 public:
  virtual ~BodyChange() = default;
  // Appends the replacement of `piece`, the next bytes (never empty), to `out`; appends nothing if
  // it needs more bytes first. An error ends the body there, as if its sender had broken off.
  virtual Result<void> change(std::string_view piece, std::string& out) = 0;
  // Appends the rest. Called once, after the last piece.
  virtual Result<void> finish(std::string& /*out*/) { return {}; }
  // Returns the trailers that are still valid; null: none.
  virtual std::unique_ptr<Headers> trailers(std::unique_ptr<Headers> trailers) { return trailers; }
};

// Puts `change` between `body` and its reader. A streamed body is changed when it is read, so that
// no bytes of its sender are delayed; its length becomes unknown. A whole body is changed now,
// while other work of the loop runs; after an error it is lost. The caller adapts the fields that
// describe the bytes (ETag, digests, ranges).
[[nodiscard]] Task<Result<void>> change_body(loop::EventLoop& loop, Body& body,
                                             std::unique_ptr<BodyChange> change);

}  // namespace sluice::http
