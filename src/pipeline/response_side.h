// SPDX-License-Identifier: Apache-2.0
// ResponseSide: the part of a filter that sees the response of the filters behind it, with its
// state for one exchange. A filter adds one in handle():
//
//   exchange.add_response_side(std::make_unique<Stamp>(*this, Clock::now()));
//   co_return "";                                        // the filters behind it run
//
// A filter without one has no cost.
#pragma once

#include "loop/task.h"

namespace sluice::pipeline {

class Exchange;

// Core-bound. The exchange owns it until its response has been sent or its client has left. The
// exchange drops the bodies first, because a reader that respond() puts around a body may refer to
// the side, and the side to its filter.
class ResponseSide {
 public:
  virtual ~ResponseSide() = default;
  // Runs once, after the flow (of several, the last) has ended, with the filter's namespace active.
  // Sides run in the reverse order of their registration, like the layers of an onion: an earlier
  // filter sees the response as later filters left it. exchange.response() is null if there is
  // none. The side may change, replace or drop it. Use http::change_body to change a streamed body
  // piece by piece; leave the body of status 101 alone, because it is a tunnel. Destroying the Task
  // means that the client has left.
  virtual Task<void> respond(Exchange& exchange) = 0;
};

}  // namespace sluice::pipeline
