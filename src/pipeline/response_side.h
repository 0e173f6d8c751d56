// SPDX-License-Identifier: Apache-2.0
// ResponseSide: the half of a filter that sees the response of the filters behind it, and the state
// that it keeps for one exchange. A filter that wants one adds it in handle():
//
//   exchange.add_response_side(std::make_unique<Stamp>(*this, Clock::now()));
//   co_return "";                                        // the filters behind it run
//
// Filters without one pay nothing.
#pragma once

#include "loop/task.h"

namespace sluice::pipeline {

class Exchange;

// Core-bound. The exchange owns it until its response has been sent or its client has left, and
// drops the bodies first: a reader that respond() puts around a body may refer to the side, and the
// side to its filter.
class ResponseSide {
 public:
  virtual ~ResponseSide() = default;
  // Runs once, when the flow has ended, with the namespace active in which the filter ran. Sides
  // run in the reverse order of their registration, as the layers of an onion: the filter in front
  // sees what the ones behind it have made of the response. exchange.response() is null if there is
  // none; it may be changed, replaced or dropped. A body that is a stream is changed piece by piece
  // by http::change_body; one of status 101 is a tunnel, which is left alone.
  // Destroying the Task means the client has left.
  virtual Task<void> respond(Exchange& exchange) = 0;
};

}  // namespace sluice::pipeline
