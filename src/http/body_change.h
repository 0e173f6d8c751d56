// SPDX-License-Identifier: Apache-2.0
// A body changed as it flows, for filters that look at or rewrite the bytes of others.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/body.h"
#include "loop/event_loop.h"

namespace sluice::http {

// What becomes of one body. Core-bound.
class BodyChange {
 public:
  virtual ~BodyChange() = default;
  // Appends to `out` what stands in place of `piece`, the next bytes (never empty); nothing, if
  // more must come first. An error ends the body there, as if its sender had broken off.
  virtual Result<void> change(std::string_view piece, std::string& out) = 0;
  // Once, after the last piece: appends what is left.
  virtual Result<void> finish(std::string& /*out*/) { return {}; }
  // Of the trailers that follow, what still holds; null: none.
  virtual std::unique_ptr<Headers> trailers(std::unique_ptr<Headers> trailers) { return trailers; }
};

// Puts `change` between `body` and whoever reads it. A stream is changed when it is read, so that
// nothing that its sender has sent waits, and its length is not known any more. A whole body is
// changed now, other work of the loop running meanwhile; after an error it is lost. The fields that
// speak of the bytes (ETag, digests, ranges) are the caller's business.
[[nodiscard]] Task<Result<void>> change_body(loop::EventLoop& loop, Body& body,
                                             std::unique_ptr<BodyChange> change);

}  // namespace sluice::http
